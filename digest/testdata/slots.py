#!/usr/bin/env python3
"""A year of slots for each of many zones, made with Python's zoneinfo and without a line of ours: what slots.txt must hold.

    python3 slots.py > slots.txt

A watchman looks at the clock on the wall at every minute of the year and keeps the latest time that he has ever seen on it. Whenever
that grows, the slots that it grew over are due, each once: so a slot in the gap of a spring night comes at its end, and the hour that
autumn repeats brings nothing new.

A line is a run of slots whose instants are equally far from their names:

    zone year schedule-number first-slot last-slot offset-in-minutes how-many hash

The hash is the first 16 hexadecimal digits of the SHA-256 of "NAME INSTANT\n" for each slot of the run, in their order. Slots of one gap
have runs of their own. Lines that begin with # are the schedules.
"""
import hashlib
import sys
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

ZONES = [
    ("Asia/Sakhalin", 2016),  # from +10 to +11 on 27 March
    ("Europe/Berlin", 2026),
    ("America/Sao_Paulo", 2018),  # midnight is put forward
    ("Australia/Lord_Howe", 2025),  # by half an hour
    ("Africa/Casablanca", 2025),  # back for Ramadan
    ("Pacific/Apia", 2011),  # without a 30 December
    ("America/New_York", 2025),
    ("Asia/Kolkata", 2025),
    ("Asia/Tehran", 2022),
    ("Africa/Cairo", 2023),  # summer time was brought back
    ("America/St_Johns", 2011),  # changes a minute after midnight
    ("Europe/Moscow", 2014),
    ("Antarctica/Troll", 2025),  # by two hours
    ("Asia/Pyongyang", 2015),  # back by half an hour
    ("America/Caracas", 2016),  # forward by half an hour
    ("Europe/Dublin", 2025),  # winter time is the exception
    ("Pacific/Kwajalein", 1993),  # without a 21 August
    ("Asia/Gaza", 2023),
]

# minutes, hours, days of the month, months, days of the week (Sunday is 0); None is any
SCHEDULES = [
    ("0 8 * * *", {0}, {8}, None, None, None),
    ("30 2 * * *", {30}, {2}, None, None, None),
    ("0 0 * * *", {0}, {0}, None, None, None),
    ("0 * * * *", {0}, None, None, None, None),
    ("*/20 0-3 * * *", {0, 20, 40}, {0, 1, 2, 3}, None, None, None),
    ("0 9 * * 1-5", {0}, {9}, None, None, {1, 2, 3, 4, 5}),
    ("15 1 1,29-31 * *", {15}, {1}, {1, 29, 30, 31}, None, None),
    ("0 2 * 3,4,10,11 0", {0}, {2}, None, {3, 4, 10, 11}, {0}),
]

MINUTE = timedelta(minutes=1)


def due(wall, schedule):
    _, minutes, hours, days, months, weekdays = schedule
    return (
        (minutes is None or wall.minute in minutes)
        and (hours is None or wall.hour in hours)
        and (days is None or wall.day in days)
        and (months is None or wall.month in months)
        and (weekdays is None or wall.isoweekday() % 7 in weekdays)
    )


def slots(zone, year):
    """Yields the minutes of the wall clock in the year and the UTC instant at which each is due."""
    tz = ZoneInfo(zone)
    now = datetime(year - 1, 12, 30, tzinfo=timezone.utc)
    latest = now.astimezone(tz).replace(tzinfo=None)
    while latest.year <= year:
        now += MINUTE
        shown = now.astimezone(tz).replace(tzinfo=None)
        while latest < shown:
            latest += MINUTE
            if latest.year == year:
                yield latest, now.replace(tzinfo=None)


def runs(found):
    """Groups slots by how far their instants are from their names."""
    run, last = [], None
    for wall, at in found:
        if run and wall - at != last:
            yield run, last
            run = []
        run.append((wall, at))
        last = wall - at
    if run:
        yield run, last


def main():
    for number, schedule in enumerate(SCHEDULES):
        print(f"# {number} {schedule[0]}")
    for zone, year in ZONES:
        found = [[] for _ in SCHEDULES]
        for wall, at in slots(zone, year):
            for number, schedule in enumerate(SCHEDULES):
                if due(wall, schedule):
                    found[number].append((wall, at))
        for number in range(len(SCHEDULES)):
            for run, offset in runs(found[number]):
                text = "".join(f"{w:%Y-%m-%dT%H%M} {a:%Y-%m-%dT%H:%M:%SZ}\n" for w, a in run)
                digest = hashlib.sha256(text.encode()).hexdigest()[:16]
                minutes = int(offset.total_seconds()) // 60
                print(zone, year, number, f"{run[0][0]:%Y-%m-%dT%H%M}", f"{run[-1][0]:%Y-%m-%dT%H%M}", minutes, len(run), digest)


if __name__ == "__main__":
    sys.exit(main())

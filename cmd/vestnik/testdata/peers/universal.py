# Reads feeds as Python's feedparser does, over its own HTTP: addresses come in on standard input, one a line, and a line of
# JSON goes out for each. bozo is its word for a feed that is not well-formed, or wrongly labelled.
import calendar
import datetime
import json
import sys

import feedparser


def moment(parsed):
    if not parsed:
        return ""
    return datetime.datetime.fromtimestamp(calendar.timegm(parsed), datetime.timezone.utc).isoformat()


def item(e):
    content = e.content[0].value if "content" in e else None
    return {
        "id": e.get("id"),
        "title": e.get("title"),
        "link": e.get("link"),
        "published": moment(e.get("published_parsed")),
        "updated": moment(e["updated_parsed"]) if "updated" in e else "",
        "authors": [a["name"] for a in e.get("authors", []) if "name" in a],
        "categories": [t.label or t.term for t in e.get("tags", [])],
        "summary": e.get("summary"),
        "html": content,
        "enclosures": [{"url": x.get("href"), "type": x.get("type"), "length": int(x.get("length", 0))} for x in e.get("enclosures", [])],
    }


for url in sys.stdin.read().split():
    d = feedparser.parse(url, sanitize_html=False, resolve_relative_uris=False)
    line = {"url": url, "title": d.feed.get("title"), "items": [item(e) for e in d.entries]}
    if d.get("status") not in (200, 302):  # an archive without its version leads to the one with it
        line["error"] = "status %s" % d.get("status")
    if d.bozo:
        line["error"] = "bozo: %s" % d.get("bozo_exception")
    print(json.dumps(line))

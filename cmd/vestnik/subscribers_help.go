package main

// The longer help of the commands on subscribers, whose first page is enough to run a list.

func (SubscribersCmd) Help() string {
	return `A subscriber is one e-mail address. For each digest that it asked for, it has a subscription in one of these states:

    pending     asked for; the letter with the link to confirm was sent,
                and nothing else is until that link is followed
    active      gets every edition
    paused      gets nothing until a date, then is active again
    left        gets nothing; only the reader, or you with a new --basis,
                brings it back

An address may be suppressed besides: it gets nothing at all, whatever its subscriptions are, and no import or form changes that. Every change is written to the log of consent, with the basis that you name.

The usual tasks:

    try a list             vestnik subscribers import old.csv --digest daily
                             --basis "…" --dry-run
    bring it over            … the same without --dry-run
    add one reader         vestnik subscribers add ann@example.org
                             --digest daily
      who signed on paper    … --confirmed --basis "paper form of 3 May"
    how many are there     vestnik subscribers stats
                           vestnik subscribers list --state active --count
    who is it              vestnik subscribers show ann@example.org
                           vestnik subscribers list --search ann
    who came this month    vestnik subscribers list --state active
                             --since 2026-11-01
    who never confirmed    vestnik subscribers list --state pending
                             --until 2026-11-01
    said yes by telephone  vestnik subscribers confirm ann@example.org
                             --basis "by telephone, 3 May"
    a new address          vestnik subscribers move ann@example.org
                             ann.lee@example.org
    a reader goes away     vestnik subscribers pause ann@example.org
                             --until 2027-01-10
      and is back early    vestnik subscribers resume ann@example.org
    a reader wants out     vestnik subscribers unsubscribe ann@example.org
    never write again      vestnik subscribers suppress ann@example.org
                           vestnik subscribers suppress --file bounced.txt
    "stop asking me"       vestnik subscribers block ann@example.org
    a domain is no more    vestnik subscribers unsubscribe --domain example.org
    what do you hold       vestnik subscribers export ann@example.org
    forget me              vestnik subscribers erase ann@example.org
                             --reason "letter of 3 May"
    prove that I agreed    vestnik subscribers consent ann@example.org
    to another program     vestnik subscribers export -o list.csv
    is the log genuine     vestnik subscribers verify-log
    a copy of everything   vestnik backup vestnik-2026-11-24.db
    what is kept how long  vestnik retention

With --json each command prints one object a line, whose names stay the same. Dates are of the site's zone. Changes of many ask first; in scripts say --yes.

Exit status: 0, it was done; 1, it failed, and one sentence on standard error says why; 2, the command was written wrongly or the question was not answered with yes, and nothing was changed.`
}

func (SubscribersAdd) Help() string {
	return `The address gets a letter with a link, and is pending until that is followed, within 48 hours. With --confirmed it is active at once: do that only on a written basis, which goes into the log of consent.

    vestnik subscribers add ann@example.org --digest daily --digest weekly
    vestnik subscribers add ann@example.org --digest daily --confirmed
        --basis "paper form of 3 May"

Who has left comes back so, too. A suppressed address is refused.`
}

func (SubscribersList) Help() string {
	return `The filters hold together: --digest, --state and --section for one and the same subscription. The order is that of being added, and a page always begins where the one before ended, whatever has changed meanwhile.

    vestnik subscribers list --digest daily --state left --since 2026-11-01
    vestnik subscribers list --domain example.org --count
    vestnik subscribers list --state suppressed
    vestnik --json subscribers list --limit 500 --after 812345678901234567

The state suppressed lists all addresses that must not be mailed, of subscribers or not; its dates are since when.

With --json each line has: email, name, language ("" is the digest's), timezone, hour (of delivery; -1 with the edition), since, subscriptions (each with digest, state, since, until, sections, and layout where one was chosen), suppressed (why, or ""), and after.`
}

func (SubscribersShow) Help() string {
	return `Without --json: the address, its subscriptions, and the log of what was agreed to. With --json: everything that the database holds about the address, letters and links, too.`
}

func (SubscribersConfirm) Help() string {
	return `For a reader who says so by telephone or in person, and cannot follow the letter's link.

    vestnik subscribers confirm ann@example.org --basis "by telephone, 3 May"`
}

func (SubscribersPause) Help() string {
	return `Letters under way are withdrawn. When the date has come, the next edition goes out again. What is pending or left stays so.

    vestnik subscribers pause ann@example.org --until 2027-01-10`
}

func (SubscribersResume) Help() string {
	return `Active again at once; editions that came out meanwhile are not sent.`
}

func (SubscribersMove) Help() string {
	return `As on the reader's own page: the new address gets a letter whose link makes the change, and the old one a notice with a link that stops it. Until then nothing changes. Two subscribers are never made one: where the new address has a subscription of its own, end or erase one of them. No letter goes where one went a short time ago.`
}

func (SubscribersUnsubscribe) Help() string {
	return `Letters that are not on the wire yet are withdrawn. One address, or all whom the filters mean:

    vestnik subscribers unsubscribe ann@example.org
    vestnik subscribers unsubscribe ann@example.org --digest weekly
    vestnik subscribers unsubscribe --domain example.org --digest daily
    vestnik subscribers unsubscribe --state pending --until 2026-10-01 --yes

With filters it says how many there are and asks. It goes on in steps, so that the daemon works meanwhile; interrupted, run it again. Only --digest without another filter is refused: it would be the whole list.`
}

func (SubscribersSuppress) Help() string {
	return `No letter goes there any more, of any kind, and no form or import brings the address back. Its subscriptions stay as they are, for --undo.

    vestnik subscribers suppress ann@example.org --reason "asked by telephone"
    vestnik subscribers suppress --file complaints.txt --reason complaint
    vestnik subscribers suppress ann@example.org --undo

An address that was suppressed before keeps its first reason. A file with a line that holds no address is refused whole, with the line's number.`
}

func (SubscribersExport) Help() string {
	return `A reader whose digests differ in state, date or sections stands on a line for each. Who has left is in it only with --state left; suppressed and erased addresses never are. Imported into another Vestnik, and exported from there, the file is the same.

    vestnik subscribers export -o list.csv
    vestnik subscribers export --digest daily --state active -o daily.json
    vestnik subscribers export ann@example.org -o for-ann.json`
}

func (SubscribersStats) Help() string {
	return `First the subscriptions of each digest by state, and how many addresses are suppressed. Then what happened on each of the last 30 days: asked for by a form, confirmed by the letter's link, added by you or an import, left. Last, requests to join that got no letter within the --window, and why. With --json there are lines of four kinds: with "digest", "suppressed", "day" and "refused".`
}

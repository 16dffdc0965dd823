# Prints what newsboat has taken into its cache (the first argument), a line of JSON for each feed. It stores the oldest first.
import datetime
import json
import sqlite3
import sys


def moment(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat()


db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
for url, title, etag in db.execute("SELECT rssurl, title, etag FROM rss_feed"):
    rows = db.execute(
        "SELECT guid, title, url, pubDate, author, content, enclosure_url, enclosure_type FROM rss_item"
        " WHERE feedurl = ? AND deleted = 0 ORDER BY id DESC", (url,))
    items = [{
        "id": guid,
        "title": name,
        "link": link,
        "published": moment(published),
        "authors": [author] if author else [],
        "html": content,
        "enclosures": [{"url": enclosure, "type": kind}] if enclosure else [],
    } for guid, name, link, published, author, content, enclosure, kind in rows]
    print(json.dumps({"url": url, "title": title, "etag": etag, "items": items}))

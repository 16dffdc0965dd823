# Prints the letters that rss2email put into a Maildir (the first argument), a line of JSON for each feed, oldest letter first.
import datetime
import email
import email.policy
import email.utils
import html
import json
import os
import re
import sys

BODY = re.compile(r'<div id="body">\n(.*)\n</div>\n<div class="footer">', re.S)
ENCLOSURE = re.compile(r'<p>Enclosure: <a href="([^"]*)">')


def written(name):
    """The seconds, microseconds and number of a file's name, which tell the order of the letters."""
    second, rest = name.split(".", 1)
    return int(second), int(re.match(r"M(\d+)", rest).group(1)), int(re.search(r"Q(\d+)", rest).group(1))


feeds = {}
folder = os.path.join(sys.argv[1], "new")
for name in sorted(os.listdir(folder), key=written):
    with open(os.path.join(folder, name), "rb") as f:
        letter = email.message_from_binary_file(f, policy=email.policy.default)
    text = letter.get_content()
    tags = letter["X-RSS-TAGS"]
    author = letter["From"].addresses[0].display_name
    feeds.setdefault(str(letter["X-RSS-Feed"]), []).append({
        "id": str(letter["X-RSS-ID"]),
        "title": str(letter["Subject"]),
        "link": str(letter["X-RSS-URL"]),
        "published": email.utils.parsedate_to_datetime(letter["Date"]).replace(tzinfo=datetime.timezone.utc).isoformat(),
        "authors": [author] if author else [],
        "categories": str(tags).split(",") if tags else [],
        "html": BODY.search(text).group(1),
        "enclosures": [{"url": html.unescape(url)} for url in ENCLOSURE.findall(text)],
    })
for url, items in feeds.items():
    print(json.dumps({"url": url, "items": items}))

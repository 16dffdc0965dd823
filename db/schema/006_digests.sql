-- Digests: approval and revisions, choices that are explained, one article by mail, a database that was restored.

-- digest ------------------------------------------------------------------------------------------------------------

-- slots.state: held | sent | late | caught_up | skipped | missed; of skipped ones cause says why in one word
ALTER TABLE slots ADD COLUMN cause TEXT NOT NULL DEFAULT '';                    -- empty | thin | paused | superseded | not_approved | cancelled | clock | new
ALTER TABLE slots ADD COLUMN slot_at BIGINT NOT NULL DEFAULT 0;                 -- the instant; 0 in slots of old
UPDATE slots SET state = CASE WHEN SUBSTR(reason, 1, 10) = 'caught up ' THEN 'caught_up' ELSE 'sent' END WHERE state = 'published';
UPDATE slots SET cause = CASE WHEN SUBSTR(reason, 1, 5) = 'thin:' THEN 'thin' WHEN SUBSTR(reason, 1, 16) = 'nothing to send:' THEN 'empty'
    WHEN SUBSTR(reason, 1, 9) = 'the clock' THEN 'clock' ELSE 'new' END WHERE state = 'skipped';
UPDATE slots SET slot_at = COALESCE((SELECT e.slot_at FROM editions e WHERE e.digest = slots.digest AND e.due = slots.due), 0);

CREATE TABLE digest_pauses (            -- no edition comes while there is a row
    digest TEXT   NOT NULL PRIMARY KEY,
    reason TEXT   NOT NULL,
    since  BIGINT NOT NULL
);
CREATE TABLE digest_holds (             -- the next edition waits for an editor, though the digest's editions do not
    digest TEXT   NOT NULL PRIMARY KEY,
    by_whom TEXT  NOT NULL,
    made   BIGINT NOT NULL
);

-- editions.state: held | cancelled | enqueuing | sending | finished; made is when it was published, until then when it was compiled
ALTER TABLE editions ADD COLUMN approve_by BIGINT NOT NULL DEFAULT 0;           -- held: it is cancelled at that time; 0: it needed no approval
ALTER TABLE editions ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';           -- an editor, or who ran the command
ALTER TABLE editions ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;             -- how far editors were told: 1 asked, 2 reminded, 3 that nobody approved it
ALTER TABLE editions ADD COLUMN article BIGINT NOT NULL DEFAULT 0;              -- the one that it brings; 0: a list
CREATE INDEX editions_until ON editions (digest, slot_at);

CREATE TABLE edition_revisions (        -- what was changed, by whom; never changed itself
    edition    BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
    revision   BIGINT NOT NULL,         -- from 1
    made       BIGINT NOT NULL,
    by_whom    TEXT   NOT NULL,         -- '' for the daemon
    what       TEXT   NOT NULL,         -- in one line, for editors
    note       TEXT   NOT NULL,         -- what readers are told was wrong before; '': nothing
    correction BIGINT NOT NULL,         -- the ref of the letters that say so to those who got an earlier one; 0: none do
    noted      BIGINT NOT NULL,         -- when all of those letters were written down; 0: not yet
    subject    TEXT   NOT NULL,
    hash       TEXT   NOT NULL,         -- of the content: on the page and in the letters
    PRIMARY KEY (edition, revision)
);
ALTER TABLE edition_revisions ADD COLUMN looked BIGINT NOT NULL DEFAULT 0;    -- when the ledger was last gone through, from the beginning, for who has to be told
ALTER TABLE edition_revisions ADD COLUMN cursor BIGINT NOT NULL DEFAULT 0;    -- the last recipient that was looked at; 0: all, or none yet
ALTER TABLE edition_revisions ADD COLUMN settled BIGINT NOT NULL DEFAULT 0;    -- when that look began, if nothing with an earlier revision was under way any more
CREATE TABLE edition_bodies (           -- what pages and previews show, as JSON (templates.EditionView); never changed
    edition  BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
    revision BIGINT NOT NULL,
    sections TEXT   NOT NULL,           -- slugs parted by spaces; '': the whole edition
    body     TEXT   NOT NULL,
    PRIMARY KEY (edition, revision, sections)
);
INSERT INTO edition_revisions (edition, revision, made, by_whom, what, note, correction, noted, subject, hash)
SELECT id, revision, made, '', 'published', '', 0, 0, subject, '' FROM editions;
INSERT INTO edition_bodies (edition, revision, sections, body) SELECT id, revision, '', body FROM editions;
ALTER TABLE editions DROP COLUMN body;

ALTER TABLE edition_items ADD COLUMN block BIGINT NOT NULL DEFAULT 0;           -- which of the edition's blocks, from 0
CREATE TABLE edition_absent (           -- what nearly was in an edition, and why it is not; for `digest why`
    edition BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
    block   BIGINT NOT NULL,
    article BIGINT NOT NULL,
    pos     BIGINT NOT NULL,            -- where it would have stood by the score, from 1; 0: nowhere
    title   TEXT   NOT NULL,
    reads   BIGINT NOT NULL,
    score   DOUBLE PRECISION NOT NULL,
    reason  TEXT   NOT NULL,            -- one word, see digest/choose.go
    other   BIGINT NOT NULL,            -- the article or edition that the reason is about; 0: none
    value   DOUBLE PRECISION NOT NULL,  -- the number that the reason is about, as how much alike
    PRIMARY KEY (edition, block, article)
);

ALTER TABLE edition_chosen ADD COLUMN reason TEXT NOT NULL DEFAULT 'reads';     -- as of edition_items; before, what filled up was not kept
CREATE INDEX articles_ranked ON articles (id, section, moment, kind) WHERE state = 'published';   -- what a digest asks of every article that was read
CREATE INDEX changes_article ON changes (article, change);                      -- what an article was at a time, for `digest render --as-of`

CREATE TABLE digest_follow (            -- digests that mail articles as they are published: how far they followed the log of changes
    digest TEXT   NOT NULL PRIMARY KEY,
    change BIGINT NOT NULL
);
CREATE TABLE digest_articles (          -- each article is mailed once by a digest
    digest  TEXT   NOT NULL,
    article BIGINT NOT NULL,
    due     BIGINT NOT NULL,            -- when its grace is over; 0: it is decided
    state   TEXT   NOT NULL,            -- waiting | sent | skipped
    reason  TEXT   NOT NULL,
    made    BIGINT NOT NULL,
    PRIMARY KEY (digest, article)
);
CREATE INDEX digest_articles_due ON digest_articles (digest, due) WHERE due > 0;
CREATE INDEX digest_articles_made ON digest_articles (digest, made);

-- subscribers -------------------------------------------------------------------------------------------------------

ALTER TABLE subscriptions ADD COLUMN layout TEXT NOT NULL DEFAULT '';           -- of the letters, where the digest offers several; '': the digest's
ALTER TABLE subscriptions ADD COLUMN place TEXT NOT NULL DEFAULT '';            -- where it was agreed to: page | import | hand; '': not known
CREATE INDEX subscribers_hours ON subscribers (id, timezone, hour) WHERE hour >= 0;   -- so that an edition's letters are written without reading who wants which
ALTER TABLE subscriptions ADD COLUMN agreed BIGINT NOT NULL DEFAULT 0;          -- when it was confirmed, or came in with a list; 0: not known
-- The log of consent knows of those that are there: the last line that made one active. An import's day is the file's where it named one.
UPDATE subscriptions SET agreed = COALESCE((SELECT c.at FROM consent AS c WHERE c.subscriber = subscriptions.subscriber AND c.digest = subscriptions.digest
        AND (c.verb IN ('confirm', 'import', 'add') OR c.verb = 'join' AND c.basis = 'preferences page') ORDER BY c.at DESC, c.id DESC LIMIT 1), 0),
    place = COALESCE((SELECT CASE WHEN c.verb = 'import' THEN 'import' WHEN c.basis IN ('link in the confirmation letter', 'preferences page') THEN 'page' ELSE 'hand' END
        FROM consent AS c WHERE c.subscriber = subscriptions.subscriber AND c.digest = subscriptions.digest
        AND (c.verb IN ('confirm', 'import', 'add') OR c.verb = 'join' AND c.basis = 'preferences page') ORDER BY c.at DESC, c.id DESC LIMIT 1), '')
WHERE state <> 'pending';
UPDATE subscriptions SET agreed = since WHERE place = 'import' AND since > 0 AND since < agreed;

-- reads -------------------------------------------------------------------------------------------------------------

CREATE TABLE banner_shown (             -- showings of sponsors' banners, for their reports; nothing of who saw them
    banner TEXT   NOT NULL,             -- its name
    place  TEXT   NOT NULL,             -- page | edition
    day    BIGINT NOT NULL,             -- days since 1970 on the publication's calendar
    n      BIGINT NOT NULL,
    PRIMARY KEY (banner, place, day)
);

-- db ----------------------------------------------------------------------------------------------------------------

CREATE TABLE instance (                 -- where this database is at home: a copy or a restored one does not send until somebody says so
    one   BIGINT NOT NULL PRIMARY KEY,  -- 1
    id    TEXT   NOT NULL,              -- drawn by lot
    home  TEXT   NOT NULL,              -- what identifies the place, in words
    epoch BIGINT NOT NULL,              -- grows while it works
    since BIGINT NOT NULL
);

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
ALTER TABLE editions ADD COLUMN reminded BIGINT NOT NULL DEFAULT 0;             -- how many letters asked the editors
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
    reason  TEXT   NOT NULL,            -- one word, see digest/why.go
    other   BIGINT NOT NULL,            -- the article or edition that the reason is about; 0: none
    value   DOUBLE PRECISION NOT NULL,  -- the number that the reason is about, as how much alike
    PRIMARY KEY (edition, block, article)
);

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

-- subscribers -------------------------------------------------------------------------------------------------------

ALTER TABLE subscriptions ADD COLUMN layout TEXT NOT NULL DEFAULT '';           -- of the letters, where the digest offers several; '': the digest's
ALTER TABLE subscriptions ADD COLUMN place TEXT NOT NULL DEFAULT '';            -- where it was agreed to: page | site | import | hand; '': not known
ALTER TABLE subscriptions ADD COLUMN agreed BIGINT NOT NULL DEFAULT 0;          -- when it was confirmed; 0: not known

-- reads -------------------------------------------------------------------------------------------------------------

CREATE TABLE banner_shown (             -- showings of sponsors' banners, for their reports; nothing of who saw them
    banner TEXT   NOT NULL,             -- its name
    place  TEXT   NOT NULL,             -- page | edition
    day    BIGINT NOT NULL,             -- UTC, days since 1970
    n      BIGINT NOT NULL,
    PRIMARY KEY (banner, place, day)
);

-- db ----------------------------------------------------------------------------------------------------------------

CREATE TABLE instance (                 -- where this database is at home: a copy or a restored one does not send until somebody says so
    one   BIGINT NOT NULL PRIMARY KEY,  -- 1
    id    TEXT   NOT NULL,              -- drawn by lot
    home  TEXT   NOT NULL,              -- what identifies the place, hashed
    epoch BIGINT NOT NULL,              -- grows while it works
    since BIGINT NOT NULL
);

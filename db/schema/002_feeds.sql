-- articles ----------------------------------------------------------------------------------------------------------

ALTER TABLE changes ADD COLUMN mark BIGINT NOT NULL DEFAULT 0;                  -- 32 bits drawn by lot: tells a restored database's changes from those that were lost
ALTER TABLE articles ADD COLUMN correction TEXT NOT NULL DEFAULT '';            -- what was corrected, in the editors' words; '' for nothing
ALTER TABLE articles ADD COLUMN corrected BIGINT NOT NULL DEFAULT 0;
ALTER TABLE articles ADD COLUMN enclosure TEXT NOT NULL DEFAULT '';             -- address of a recording
ALTER TABLE articles ADD COLUMN enclosure_type TEXT NOT NULL DEFAULT '';
ALTER TABLE articles ADD COLUMN enclosure_length BIGINT NOT NULL DEFAULT 0;     -- bytes

ALTER TABLE article_tags ADD COLUMN moment BIGINT NOT NULL DEFAULT 0;           -- the article's: the newest of a tag are found without looking at others
ALTER TABLE article_authors ADD COLUMN moment BIGINT NOT NULL DEFAULT 0;
UPDATE article_tags SET moment = (SELECT a.moment FROM articles AS a WHERE a.id = article_tags.article);
UPDATE article_authors SET moment = (SELECT a.moment FROM articles AS a WHERE a.id = article_authors.article);
DROP INDEX article_tags_slug;
CREATE INDEX article_tags_slug ON article_tags (slug, moment, article);
CREATE INDEX article_authors_slug ON article_authors (slug, moment, article);

-- What feeds list, as the query has it (articles.Filter.Readable), with all that they count and compare.
CREATE INDEX articles_readable ON articles (state, moment, id, updated, change) WHERE state = 'published' AND (kind <> 'brief' OR url <> '');
CREATE INDEX articles_readable_section ON articles (state, section, moment, id, section_title, updated, change, language) WHERE state = 'published' AND (kind <> 'brief' OR url <> '');

-- sources -----------------------------------------------------------------------------------------------------------

ALTER TABLE sources ADD COLUMN rhythm BIGINT NOT NULL DEFAULT 0;                -- milliseconds that the feed asks for between two polls, 0 for nothing

-- websub ------------------------------------------------------------------------------------------------------------

CREATE TABLE hub_topics (               -- our feeds that somebody subscribed to
    topic  TEXT   NOT NULL PRIMARY KEY, -- the feed's address
    change BIGINT NOT NULL              -- the number up to which it was pushed: the outbox's cursor, moved only from the value it had
);
CREATE TABLE hub_subscriptions (        -- verified ones; what is due of them is the outbox
    id         BIGINT NOT NULL PRIMARY KEY,
    topic      TEXT   NOT NULL,
    callback   TEXT   NOT NULL,
    host       TEXT   NOT NULL,         -- of the callback, in lower case: each has a queue of its own
    secret     TEXT   NOT NULL,         -- base64; '' for none
    since      BIGINT NOT NULL,
    until      BIGINT NOT NULL,         -- the end of the lease
    told       BIGINT NOT NULL,         -- the number of the topic up to which it was told
    owed       BIGINT NOT NULL,         -- the number up to which it is to be told; 0 for nothing
    owed_since BIGINT NOT NULL,
    due        BIGINT NOT NULL,         -- the next attempt, or the end of a lease under way; 0 for neither
    fence      BIGINT NOT NULL,         -- of the attempt under way
    failures   BIGINT NOT NULL,         -- attempts in a row
    error      TEXT   NOT NULL,         -- of the last attempt, '' if it succeeded
    UNIQUE (topic, callback)
);
CREATE INDEX hub_subscriptions_due ON hub_subscriptions (due) WHERE due > 0;
CREATE INDEX hub_subscriptions_host ON hub_subscriptions (host);
CREATE TABLE hub_verifications (        -- what was asked for and is not proven yet, and for an hour what was not proven
    id       BIGINT NOT NULL PRIMARY KEY,
    topic    TEXT   NOT NULL,
    callback TEXT   NOT NULL,
    host     TEXT   NOT NULL,
    mode     TEXT   NOT NULL,           -- subscribe | unsubscribe | denied
    lease    BIGINT NOT NULL,           -- seconds
    secret   TEXT   NOT NULL,           -- base64
    at       BIGINT NOT NULL,           -- the last request
    requests BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    due      BIGINT NOT NULL,           -- as above; 0: it ended without proof
    fence    BIGINT NOT NULL,
    reason   TEXT   NOT NULL,           -- why it is not proven, or denied
    UNIQUE (topic, callback)
);
CREATE INDEX hub_verifications_due ON hub_verifications (due) WHERE due > 0;
CREATE INDEX hub_verifications_host ON hub_verifications (host);
CREATE TABLE hub_pushes (               -- the log
    topic      TEXT   NOT NULL,
    change     BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    recipients BIGINT NOT NULL,
    reached    BIGINT NOT NULL,
    last       BIGINT NOT NULL,         -- when the last was reached that needed one attempt only
    PRIMARY KEY (topic, change)
);
CREATE INDEX hub_pushes_at ON hub_pushes (at);

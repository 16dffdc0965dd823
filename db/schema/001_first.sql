-- Times are Unix milliseconds, UTC; 0 means never or unknown. A heading names the one package that writes the tables.

-- articles ----------------------------------------------------------------------------------------------------------

CREATE TABLE articles (
    id         BIGINT NOT NULL PRIMARY KEY,
    slug       TEXT   NOT NULL UNIQUE,
    guid       TEXT   NOT NULL UNIQUE,  -- permanent tag: URI (RFC 4151), never derived again
    kind       TEXT   NOT NULL,         -- article | brief
    title      TEXT   NOT NULL,
    standfirst TEXT   NOT NULL,
    language   TEXT   NOT NULL,         -- BCP 47, as "ru"
    section    TEXT   NOT NULL,         -- slug, '' for none
    section_title TEXT NOT NULL,
    url        TEXT   NOT NULL,         -- original address elsewhere; '' when the article's page is ours
    image      TEXT   NOT NULL,
    image_alt  TEXT   NOT NULL,
    published  BIGINT NOT NULL,         -- 0: unknown, and no date is shown
    updated    BIGINT NOT NULL,         -- the last change that a reader should see
    seen       BIGINT NOT NULL,         -- when we first had it
    moment     BIGINT NOT NULL,         -- published, or seen where that is unknown: what lists and windows go by
    state      TEXT   NOT NULL,         -- draft | published | withdrawn | removed
    change     BIGINT NOT NULL,         -- the number of its last visible change
    path       TEXT   NOT NULL,         -- the file it was imported from, '' for none
    hash       TEXT   NOT NULL,         -- of the input it was made from: the same input changes nothing
    html       TEXT   NOT NULL,         -- sanitised, addresses absolute; last, so that lists are read without it
    text       TEXT   NOT NULL          -- the same as plain text, paragraphs parted by an empty line
);
CREATE INDEX articles_moment ON articles (state, moment);
CREATE INDEX articles_section ON articles (section, moment);
CREATE INDEX articles_url ON articles (url) WHERE url <> '';
CREATE INDEX articles_path ON articles (path) WHERE path <> '';
CREATE INDEX articles_hash ON articles (hash) WHERE hash <> '';

CREATE TABLE article_authors (
    article BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    pos     BIGINT NOT NULL,
    name    TEXT   NOT NULL,
    slug    TEXT   NOT NULL,
    PRIMARY KEY (article, pos)
);
CREATE TABLE article_tags (
    article BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    pos     BIGINT NOT NULL,
    name    TEXT   NOT NULL,
    slug    TEXT   NOT NULL,
    PRIMARY KEY (article, pos)
);
CREATE INDEX article_tags_slug ON article_tags (slug);
CREATE TABLE article_related (          -- the editors' own list
    article BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    pos     BIGINT NOT NULL,
    other   BIGINT NOT NULL,
    PRIMARY KEY (article, pos)
);
CREATE TABLE article_terms (            -- stemmed words, for related articles
    term     TEXT   NOT NULL,
    article  BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    weight   BIGINT NOT NULL,
    PRIMARY KEY (term, article)
);
CREATE INDEX article_terms_article ON article_terms (article);

CREATE TABLE change_counter (           -- one row; its lock gives the changes their order of commit
    id BIGINT NOT NULL PRIMARY KEY,
    n  BIGINT NOT NULL
);
INSERT INTO change_counter (id, n) VALUES (1, 0);
CREATE TABLE changes (                  -- followed by cursors
    change  BIGINT NOT NULL PRIMARY KEY,
    article BIGINT NOT NULL,
    verb    TEXT   NOT NULL,            -- publish | update | withdraw | remove
    at      BIGINT NOT NULL
);

-- sources -----------------------------------------------------------------------------------------------------------

CREATE TABLE sources (
    name          TEXT   NOT NULL PRIMARY KEY,
    url           TEXT   NOT NULL,
    etag          TEXT   NOT NULL,      -- sent back byte for byte
    last_modified TEXT   NOT NULL,
    due           BIGINT NOT NULL,      -- the next poll
    polled        BIGINT NOT NULL,
    changed       BIGINT NOT NULL,      -- the last poll that brought something
    failures      BIGINT NOT NULL,      -- in a row
    lease_until   BIGINT NOT NULL,
    error         TEXT   NOT NULL
);
CREATE TABLE source_items (
    source  TEXT   NOT NULL,
    guid    TEXT   NOT NULL,            -- the item's guid, else its link
    link    TEXT   NOT NULL,
    article BIGINT NOT NULL,
    PRIMARY KEY (source, guid)
);
CREATE INDEX source_items_link ON source_items (source, link);

-- reads -------------------------------------------------------------------------------------------------------------

CREATE TABLE read_salt (                -- only today's and yesterday's exist
    day  BIGINT NOT NULL PRIMARY KEY,   -- days since 1970-01-01, UTC
    salt TEXT   NOT NULL
);
CREATE TABLE read_seen (
    day     BIGINT NOT NULL,
    article BIGINT NOT NULL,
    visitor BIGINT NOT NULL,            -- a hash under the day's salt
    PRIMARY KEY (day, article, visitor)
);
CREATE TABLE read_hour (
    article BIGINT NOT NULL,
    hour    BIGINT NOT NULL,            -- hours since 1970-01-01T00Z
    source  TEXT   NOT NULL,            -- web | email | feed | other
    n       BIGINT NOT NULL,
    PRIMARY KEY (article, hour, source)
);
CREATE INDEX read_hour_hour ON read_hour (hour);
CREATE TABLE read_filtered (
    day    BIGINT NOT NULL,
    reason TEXT   NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (day, reason)
);

-- subscribers -------------------------------------------------------------------------------------------------------

CREATE TABLE subscribers (
    id        BIGINT NOT NULL PRIMARY KEY,
    email     TEXT   NOT NULL,          -- local part as typed, domain in lower-case A-labels
    email_key TEXT   NOT NULL UNIQUE,   -- the same in lower case: one subscriber per address
    name      TEXT   NOT NULL,
    language  TEXT   NOT NULL,          -- '' for the digest's
    timezone  TEXT   NOT NULL,
    state     TEXT   NOT NULL,          -- active | erased
    since     BIGINT NOT NULL
);
CREATE TABLE subscriptions (
    subscriber BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    digest     TEXT   NOT NULL,
    state      TEXT   NOT NULL,         -- pending | active | left
    since      BIGINT NOT NULL,
    PRIMARY KEY (subscriber, digest)
);
CREATE INDEX subscriptions_digest ON subscriptions (digest, state, subscriber);
CREATE TABLE tokens (
    hash       TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the token, which is nowhere stored
    purpose    TEXT   NOT NULL,             -- confirm
    subscriber BIGINT NOT NULL REFERENCES subscribers (id) ON DELETE CASCADE,
    digest     TEXT   NOT NULL,
    made       BIGINT NOT NULL,
    expires    BIGINT NOT NULL
);
CREATE INDEX tokens_subscriber ON tokens (subscriber);
CREATE TABLE consent (                  -- append-only: who agreed to what, when, on what ground
    id         BIGINT NOT NULL PRIMARY KEY,
    at         BIGINT NOT NULL,
    subscriber BIGINT NOT NULL,
    digest     TEXT   NOT NULL,
    verb       TEXT   NOT NULL,         -- join | confirm | leave | import | add
    basis      TEXT   NOT NULL
);
CREATE INDEX consent_subscriber ON consent (subscriber, at);

-- digest ------------------------------------------------------------------------------------------------------------

CREATE TABLE slots (
    digest TEXT   NOT NULL,
    due    BIGINT NOT NULL,             -- the wall clock of the digest's zone read as UTC: a repeated hour fires once
    state  TEXT   NOT NULL,             -- published | skipped | missed
    reason TEXT   NOT NULL,
    at     BIGINT NOT NULL,             -- when that was decided
    PRIMARY KEY (digest, due)
);
CREATE TABLE editions (
    id         BIGINT NOT NULL PRIMARY KEY,
    digest     TEXT   NOT NULL,
    due        BIGINT NOT NULL,         -- wall clock, as in slots
    slot_at    BIGINT NOT NULL,         -- the instant of the slot
    start      BIGINT NOT NULL,         -- the window of reads: [start, until)
    until      BIGINT NOT NULL,
    state      TEXT   NOT NULL,         -- enqueuing | sending | finished
    revision   BIGINT NOT NULL,
    subject    TEXT   NOT NULL,
    title      TEXT   NOT NULL,
    language   TEXT   NOT NULL,
    body       TEXT   NOT NULL,         -- the frozen edition as JSON, what pages and previews show
    cursor     BIGINT NOT NULL,         -- the last subscriber whose letter is enqueued
    recipients BIGINT NOT NULL,
    expires    BIGINT NOT NULL,         -- no letter starts after this
    made       BIGINT NOT NULL,
    UNIQUE (digest, due)
);
CREATE INDEX editions_open ON editions (state) WHERE state <> 'finished';
CREATE TABLE edition_items (
    edition BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
    pos     BIGINT NOT NULL,
    article BIGINT NOT NULL,
    title   TEXT   NOT NULL,
    reads   BIGINT NOT NULL,
    score   DOUBLE PRECISION NOT NULL,
    reason  TEXT   NOT NULL,
    PRIMARY KEY (edition, pos)
);

-- mail --------------------------------------------------------------------------------------------------------------

CREATE TABLE masters (                  -- a composed letter with holes for what is personal; never changed
    ref      BIGINT NOT NULL,           -- the edition, else the letter's own ref
    revision BIGINT NOT NULL,
    variant  TEXT   NOT NULL,           -- the language, as "ru"
    subject  TEXT   NOT NULL,
    bytes    BYTEA  NOT NULL,
    hash     TEXT   NOT NULL,
    made     BIGINT NOT NULL,
    PRIMARY KEY (ref, revision, variant)
);
CREATE TABLE letters (
    kind        TEXT   NOT NULL,        -- digest | confirm | test
    ref         BIGINT NOT NULL,        -- the edition, else an id of the letter's own
    recipient   BIGINT NOT NULL,        -- the subscriber, 0 for a bare address
    state       TEXT   NOT NULL,        -- queued | leased | in_flight | sent | failed | deferred | in_doubt | suppressed | expired
    reason      TEXT   NOT NULL,
    digest      TEXT   NOT NULL,
    variant     TEXT   NOT NULL,
    revision    BIGINT NOT NULL,
    lane        TEXT   NOT NULL,        -- confirm | digest: the first never waits behind the second
    address     TEXT   NOT NULL,        -- '' until the first in-flight mark fixes it, unless it was given
    private     TEXT   NOT NULL,        -- the confirmation token that the letter carries, '' once it is sent
    due         BIGINT NOT NULL,        -- when the sender should look at it next; 0 once it is settled
    not_before  BIGINT NOT NULL,
    expires     BIGINT NOT NULL,        -- no attempt starts after this; 0: never
    attempt     BIGINT NOT NULL,
    doubts      BIGINT NOT NULL,        -- how often its end was ambiguous
    owner       BIGINT NOT NULL,        -- the node that leased it
    fence       BIGINT NOT NULL,        -- the lease; marks and results must still hold it
    reply       TEXT   NOT NULL,        -- the relay's last answer: the receipt
    made        BIGINT NOT NULL,
    flown       BIGINT NOT NULL,        -- the last in-flight mark
    done        BIGINT NOT NULL,
    PRIMARY KEY (kind, ref, recipient)
);
CREATE INDEX letters_due ON letters (lane, due) WHERE due > 0;
CREATE INDEX letters_owned ON letters (owner) WHERE owner > 0;
CREATE INDEX letters_recipient ON letters (recipient);
CREATE INDEX letters_state ON letters (kind, state, ref);  -- balances: a million letters are counted without reading one
CREATE TABLE nodes (                    -- the daemons alive; a lapsed node's letters are taken over
    id    BIGINT NOT NULL PRIMARY KEY,
    name  TEXT   NOT NULL,
    alive BIGINT NOT NULL               -- until when, unless it says so again
);
CREATE TABLE mail_pause (               -- a row stops the sender
    lane   TEXT   NOT NULL PRIMARY KEY, -- 'all' or a lane
    reason TEXT   NOT NULL,
    since  BIGINT NOT NULL
);
CREATE TABLE suppressions (             -- addresses that must not be mailed
    email_key TEXT   NOT NULL PRIMARY KEY,
    reason    TEXT   NOT NULL,
    since     BIGINT NOT NULL
);

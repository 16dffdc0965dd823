-- subscribers -------------------------------------------------------------------------------------------------------

ALTER TABLE subscribers ADD COLUMN domain TEXT NOT NULL DEFAULT '';             -- of the address
ALTER TABLE subscribers ADD COLUMN hour BIGINT NOT NULL DEFAULT -1;             -- of delivery, 0 to 23 by the clock of timezone; -1: with the edition
ALTER TABLE subscribers ADD COLUMN uuid TEXT NOT NULL DEFAULT '';               -- by which another program's letters know the subscriber (listmonk)
ALTER TABLE subscribers ADD COLUMN salt TEXT NOT NULL DEFAULT '';               -- hex; goes into the hashes of its lines of consent, and is destroyed with the rest
UPDATE subscribers SET domain = SUBSTR(email_key, LENGTH(RTRIM(email_key, 'abcdefghijklmnopqrstuvwxyz0123456789.-')) + 1);
CREATE INDEX subscribers_domain ON subscribers (domain, id);
CREATE INDEX subscribers_uuid ON subscribers (uuid) WHERE uuid <> '';

ALTER TABLE subscriptions ADD COLUMN until BIGINT NOT NULL DEFAULT 0;           -- when a pause ends; kept when it is left, for undoing that
ALTER TABLE subscriptions ADD COLUMN before TEXT NOT NULL DEFAULT '';           -- the state that leaving ended, for undoing it; 'left' of a pending one that was left before
ALTER TABLE subscriptions ADD COLUMN sections TEXT NOT NULL DEFAULT '';         -- slugs parted by spaces; '' for all
CREATE INDEX subscriptions_until ON subscriptions (until) WHERE state = 'paused';
CREATE INDEX subscriptions_sections ON subscriptions (digest, sections) WHERE state = 'active' AND sections <> '';

ALTER TABLE tokens ADD COLUMN detail TEXT NOT NULL DEFAULT '';                  -- of a change of address: the new one
CREATE INDEX tokens_detail ON tokens (subscriber) WHERE detail <> '';

CREATE TABLE forgotten (                -- erased addresses that no import may bring back
    hash   TEXT   NOT NULL PRIMARY KEY, -- HMAC-SHA256 of the address under the site's secret
    reason TEXT   NOT NULL,             -- why it was suppressed; '' if it was not, and then its owner may join again
    since  BIGINT NOT NULL
);

-- What is asked for by forms, for limits that hold on all nodes, and what was refused.
CREATE TABLE join_counts (
    key    TEXT   NOT NULL,             -- "net 203.0.113.0/24", "domain example.org", "all", "to " and a keyed hash of the address; "lock"
    digest TEXT   NOT NULL,             -- of requests for an address, else ''
    start  BIGINT NOT NULL,             -- of the hour that is counted; of requests for an address, the time
    n      BIGINT NOT NULL,
    until  BIGINT NOT NULL,             -- when it may be forgotten
    PRIMARY KEY (key, digest, start)
);
CREATE INDEX join_counts_until ON join_counts (until);
CREATE TABLE join_refused (
    day    BIGINT NOT NULL,             -- days since 1970-01-01, UTC
    reason TEXT   NOT NULL,
    n      BIGINT NOT NULL,
    PRIMARY KEY (day, reason)
);
CREATE TABLE join_blocks (              -- addresses whose owners said "this was not me"
    hash  TEXT   NOT NULL PRIMARY KEY,  -- HMAC-SHA256 of the address under the site's secret: they never agreed that it is kept
    since BIGINT NOT NULL
);

-- How far each file of subscribers was imported, so that an interrupted import goes on.
CREATE TABLE subscriber_imports (
    hash     TEXT   NOT NULL PRIMARY KEY, -- of the file and of what was asked for
    taken    BIGINT NOT NULL,           -- lines
    rejects  TEXT   NOT NULL,           -- paths of the files that hold lines which could not be used, one a line
    rejected BIGINT NOT NULL,           -- bytes of the last of these that belong to committed batches
    done     BIGINT NOT NULL,           -- when the import came to its end; 0: it has not
    at       BIGINT NOT NULL
);

-- mail --------------------------------------------------------------------------------------------------------------

CREATE TABLE mail_scrubbed (            -- up to which letter addresses and answers of relays were taken out
    kind      TEXT   NOT NULL PRIMARY KEY,
    ref       BIGINT NOT NULL,
    recipient BIGINT NOT NULL
);

-- subscribers/consent -----------------------------------------------------------------------------------------------

-- Lines are appended as they happen, and sealed within a second: n, hash and link are set once, by one sealer at a time.
ALTER TABLE consent ADD COLUMN wording TEXT NOT NULL DEFAULT '';                -- hash of the exact words shown; '' where none were
ALTER TABLE consent ADD COLUMN network TEXT NOT NULL DEFAULT '';                -- of the reader's address, a /24 or /48; '' where it is not known
ALTER TABLE consent ADD COLUMN n BIGINT NOT NULL DEFAULT 0;                     -- place in the chain, from 1; 0 until it is sealed
ALTER TABLE consent ADD COLUMN hash TEXT NOT NULL DEFAULT '';                   -- SHA-256 over the subscriber's salt and the line
ALTER TABLE consent ADD COLUMN link TEXT NOT NULL DEFAULT '';                   -- SHA-256 over the link before, n and hash
CREATE INDEX consent_open ON consent (id) WHERE n = 0;
CREATE INDEX consent_chain_n ON consent (n) WHERE n > 0;
CREATE TABLE consent_head (             -- one row; its lock lets one sealer at a time work
    id   BIGINT NOT NULL PRIMARY KEY,
    n    BIGINT NOT NULL,
    link TEXT   NOT NULL,
    at   BIGINT NOT NULL
);
INSERT INTO consent_head (id, n, link, at) VALUES (1, 0, '', 0);
CREATE TABLE consent_wordings (         -- texts that were shown, kept once
    hash  TEXT   NOT NULL PRIMARY KEY,
    text  TEXT   NOT NULL,
    since BIGINT NOT NULL
);

-- digest ------------------------------------------------------------------------------------------------------------

ALTER TABLE editions ADD COLUMN next_at BIGINT NOT NULL DEFAULT 0;              -- the instant of the slot after this one; 0: not known
ALTER TABLE editions ADD COLUMN timezone TEXT NOT NULL DEFAULT '';              -- the digest's
CREATE TABLE edition_chosen (           -- what those were sent as read most who get some sections only
    edition  BIGINT NOT NULL REFERENCES editions (id) ON DELETE CASCADE,
    sections TEXT   NOT NULL,           -- slugs parted by spaces
    article  BIGINT NOT NULL,
    PRIMARY KEY (edition, sections, article)
);

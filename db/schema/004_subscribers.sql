-- subscribers -------------------------------------------------------------------------------------------------------

ALTER TABLE subscribers ADD COLUMN domain TEXT NOT NULL DEFAULT '';             -- of the address
ALTER TABLE subscribers ADD COLUMN hour BIGINT NOT NULL DEFAULT -1;             -- of delivery, 0 to 23 by the clock of timezone; -1: with the edition
ALTER TABLE subscribers ADD COLUMN uuid TEXT NOT NULL DEFAULT '';               -- by which another program's letters know the subscriber (listmonk)
ALTER TABLE subscribers ADD COLUMN salt TEXT NOT NULL DEFAULT '';               -- hex; goes into the hashes of its lines of consent, and is destroyed with the rest
UPDATE subscribers SET domain = SUBSTR(email_key, LENGTH(RTRIM(email_key, 'abcdefghijklmnopqrstuvwxyz0123456789.-')) + 1);
CREATE INDEX subscribers_domain ON subscribers (domain, id);
CREATE INDEX subscribers_uuid ON subscribers (uuid) WHERE uuid <> '';

ALTER TABLE subscriptions ADD COLUMN until BIGINT NOT NULL DEFAULT 0;           -- when a pause ends
ALTER TABLE subscriptions ADD COLUMN before TEXT NOT NULL DEFAULT '';           -- the state that leaving ended, for undoing it
ALTER TABLE subscriptions ADD COLUMN sections TEXT NOT NULL DEFAULT '';         -- slugs parted by spaces; '' for all
CREATE INDEX subscriptions_until ON subscriptions (until) WHERE state = 'paused';

ALTER TABLE tokens ADD COLUMN detail TEXT NOT NULL DEFAULT '';                  -- of a change of address: the new one

CREATE TABLE forgotten (                -- erased addresses that no import may bring back
    hash   TEXT   NOT NULL PRIMARY KEY, -- HMAC-SHA256 of the address under the site's secret
    reason TEXT   NOT NULL,             -- why it was suppressed; '' if it was not, and then its owner may join again
    since  BIGINT NOT NULL
);

-- What is asked for by forms, for limits that hold on all nodes, and what was refused.
CREATE TABLE join_counts (
    key    TEXT   NOT NULL,             -- "net 203.0.113.0/24", "domain example.org", "all", "to " and a hash of the address
    start  BIGINT NOT NULL,             -- of the window that is counted
    n      BIGINT NOT NULL,
    PRIMARY KEY (key, start)
);
CREATE INDEX join_counts_start ON join_counts (start);
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
    hash    TEXT   NOT NULL PRIMARY KEY, -- of the file and of what was asked for
    taken   BIGINT NOT NULL,            -- lines
    rejects TEXT   NOT NULL,            -- the file that holds the lines which could not be used; '' for none
    at      BIGINT NOT NULL
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

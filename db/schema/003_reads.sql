-- reads -------------------------------------------------------------------------------------------------------------

CREATE TABLE read_day (                 -- the sums of read_hour by day, kept in step with it, and for ever
    article BIGINT NOT NULL,
    day     BIGINT NOT NULL,            -- days since 1970-01-01, UTC
    source  TEXT   NOT NULL,
    n       BIGINT NOT NULL,
    PRIMARY KEY (article, day, source)
);
INSERT INTO read_day (article, day, source, n) SELECT article, hour / 24, source, CAST(SUM(n) AS BIGINT) FROM read_hour GROUP BY article, hour / 24, source;

-- With all that a ranking adds up, so that it does not look up ten thousand rows an hour.
CREATE INDEX read_day_day ON read_day (day, article, source, n);
DROP INDEX read_hour_hour;
CREATE INDEX read_hour_hour ON read_hour (hour, article, source, n);

CREATE TABLE read_pins (                -- the editors' choice
    article BIGINT NOT NULL PRIMARY KEY,
    place   BIGINT NOT NULL,            -- from 1
    until   BIGINT NOT NULL,            -- 0: until it is taken back
    made    BIGINT NOT NULL
);
CREATE TABLE read_excluded (            -- articles that no list of the most read holds, by the editors' will
    article BIGINT NOT NULL PRIMARY KEY,
    made    BIGINT NOT NULL
);

-- reads/logs --------------------------------------------------------------------------------------------------------

CREATE TABLE read_imports (             -- how far each access log was imported
    fingerprint TEXT   NOT NULL PRIMARY KEY, -- of its first lines, unpacked: a rotated or gzipped copy has the same
    first       TEXT   NOT NULL,        -- its part for the first line
    taken       BIGINT NOT NULL,        -- bytes imported
    first_day   BIGINT NOT NULL,        -- days since 1970-01-01, UTC, of its lines
    last_day    BIGINT NOT NULL,
    last_begins BIGINT NOT NULL,        -- the byte where the last day begins
    at          BIGINT NOT NULL
);
CREATE INDEX read_imports_first ON read_imports (first);

-- reads/addresses ---------------------------------------------------------------------------------------------------

CREATE TABLE read_unknown (             -- reads of addresses that are no article's yet
    url    TEXT   NOT NULL,
    hour   BIGINT NOT NULL,
    source TEXT   NOT NULL,
    n      BIGINT NOT NULL,
    noted  BIGINT NOT NULL,             -- when a log had it last
    PRIMARY KEY (url, hour, source)
);
CREATE TABLE read_addresses (           -- what editors mapped
    url     TEXT   NOT NULL PRIMARY KEY,
    article BIGINT NOT NULL,
    made    BIGINT NOT NULL
);

-- articles ----------------------------------------------------------------------------------------------------------

-- The mark of the first analyzer: the terms of these articles are made anew by articles.Reindex.
INSERT INTO article_terms (term, article, weight) SELECT '#1', article, 0 FROM article_terms WHERE weight = 0;

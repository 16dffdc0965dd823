-- articles/words ----------------------------------------------------------------------------------------------------

DROP TABLE article_terms;
CREATE TABLE article_words (            -- the stems of every article that is not removed
    article  BIGINT NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    language TEXT   NOT NULL,           -- of the article, as "ru"
    analyzer BIGINT NOT NULL,           -- the version that made the stems; 0: none were made yet
    length   BIGINT NOT NULL,           -- how many words it has, with repeats
    terms    BYTEA  NOT NULL            -- sorted stems and how often each stands where (articles/words/blob.go)
);
CREATE INDEX article_words_analyzer ON article_words (analyzer, article);
INSERT INTO article_words (article, language, analyzer, length, terms) SELECT id, language, 0, 0, '' FROM articles WHERE state <> 'removed';

CREATE TABLE word_corpus (
    language TEXT   NOT NULL PRIMARY KEY,
    articles BIGINT NOT NULL,           -- that have words
    length   BIGINT NOT NULL            -- of all of them together
);

-- In how many articles of a language a stem stands, and the index that finds them. The stems stand there as
-- words.token writes them, parted by spaces. Both engines answer SELECT rowid FROM word_index('("a" OR "b") AND "c"').
CREATE TABLE word_batch (               -- one row
    n BIGINT NOT NULL                   -- how many stems one statement counts
);
-- only sqlite
INSERT INTO word_batch (n) VALUES (14); -- it keeps the pages that a statement changes in memory, up to 16
CREATE TABLE word_df (
    language TEXT   NOT NULL,
    word     TEXT   NOT NULL,
    n        BIGINT NOT NULL,
    PRIMARY KEY (language, word)
) WITHOUT ROWID;
CREATE INDEX articles_found ON articles (id, language, moment) WHERE state = 'published'; -- so that no text is passed by; PostgreSQL keeps long ones elsewhere
CREATE VIRTUAL TABLE word_index USING fts5(words, tokenize='ascii', content='', contentless_delete=1, detail=none);
-- only postgres
INSERT INTO word_batch (n) VALUES (100); -- each statement is a message there and one back
CREATE TABLE word_df (
    language TEXT   NOT NULL,
    word     TEXT   COLLATE "C" NOT NULL,
    n        BIGINT NOT NULL,
    PRIMARY KEY (language, word)
);
CREATE TABLE word_index (
    rowid BIGINT   NOT NULL PRIMARY KEY,  -- the article
    words TSVECTOR NOT NULL
);
CREATE INDEX word_index_words ON word_index USING gin (words) WITH (gin_pending_list_limit = 1024);
CREATE FUNCTION word_index(query TEXT) RETURNS TABLE (rowid BIGINT) LANGUAGE sql STABLE AS $$
    SELECT w.rowid
    FROM word_index AS w
    WHERE w.words @@ CAST(replace(replace(replace(query, '"', ''''), ' OR ', ' | '), ' AND ', ' & ') AS tsquery)
$$;
-- all engines

-- articles ----------------------------------------------------------------------------------------------------------

CREATE TABLE article_alike (            -- what is about the same as an article by its words, best first
    article BIGINT NOT NULL REFERENCES articles (id) ON DELETE CASCADE,
    pos     BIGINT NOT NULL,
    other   BIGINT NOT NULL,
    score   DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (article, pos)
);
CREATE INDEX article_alike_other ON article_alike (other);
CREATE TABLE article_alike_made (       -- the published articles whose list was made, be it empty
    article BIGINT NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    change  BIGINT NOT NULL             -- every change up to this one was known to the list
);
CREATE TABLE article_alike_due (        -- the articles whose list is to be made
    article BIGINT NOT NULL PRIMARY KEY REFERENCES articles (id) ON DELETE CASCADE,
    change  BIGINT NOT NULL,            -- which the list has to know
    refresh BIGINT NOT NULL             -- 0: the article itself changed, so those near it follow; 1: it is such a one
);
CREATE INDEX article_alike_due_order ON article_alike_due (refresh, change, article);
INSERT INTO article_alike_due (article, change, refresh) SELECT id, change, 0 FROM articles WHERE state = 'published';
CREATE INDEX article_related_other ON article_related (other);

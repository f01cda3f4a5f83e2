-- The search index: the words of each message, name and topic by the position of its event, folded and separated by blanks.
-- place holds what a search is narrowed by: "r12" the room's number, "kb" the kind of text (b body, n name, t topic).
-- sender is repeated from the event, so that a search need not read events. edited is the position of the edit that the words come from; 0: none.
-- only: sqlite
CREATE VIRTUAL TABLE search_text USING fts5(words, place, sender UNINDEXED, edited UNINDEXED, tokenize = 'ascii', detail = 'column', columnsize = 0);
INSERT INTO search_text (search_text, rank) VALUES ('automerge', 8);
-- What has been redacted leaves the index at once, not when its parts are next merged.
INSERT INTO search_text (search_text, rank) VALUES ('secure-delete', 1);

-- only: postgres
CREATE TABLE search_text (
    pos    BIGINT PRIMARY KEY,
    words  TEXT NOT NULL,
    place  TEXT NOT NULL,
    sender TEXT NOT NULL,
    edited BIGINT NOT NULL,
    vector TSVECTOR NOT NULL
);
-- What has been written but is not in the index proper yet is read by every search: little of it.
CREATE INDEX search_vector ON search_text USING gin (vector) WITH (gin_pending_list_limit = 256);

-- Which event an edit is an edit of: once redacted, the edit itself does not tell any more.
CREATE TABLE search_edit (
    edit     TEXT PRIMARY KEY,
    original BIGINT NOT NULL
);

-- One row: events at or before "upto" are indexed as far as "done"; later ones were indexed when they were written.
CREATE TABLE search_progress (
    one  BIGINT PRIMARY KEY CHECK (one = 1),
    done BIGINT NOT NULL,
    upto BIGINT NOT NULL
);

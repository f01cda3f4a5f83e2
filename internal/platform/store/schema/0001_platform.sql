-- The platform's own tables: the counter, the log, settings, nodes, audit and jobs.

-- One row: the counter of positions. floor: the log table holds every change after it.
CREATE TABLE position (
    one     BIGINT PRIMARY KEY CHECK (one = 1),
    pos     BIGINT NOT NULL,
    commits BIGINT NOT NULL,
    floor   BIGINT NOT NULL
);
INSERT INTO position (one, pos, commits, floor) VALUES (1, 0, 0, 0);

-- The last batch of each process that writes: says after a lost connection whether its commit happened.
CREATE TABLE node (
    id    TEXT PRIMARY KEY,
    batch BIGINT NOT NULL,
    at    BIGINT NOT NULL
);

-- Changes that have no position in a table of their own, kept for an hour for the other processes.
CREATE TABLE log (
    pos   BIGINT PRIMARY KEY,
    at    BIGINT NOT NULL,
    kind  TEXT NOT NULL,
    scope TEXT NOT NULL,
    name  BYTEA NOT NULL
);

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- Who did what. Append-only; hash is SHA-256 over the other columns, prev the hash before.
CREATE TABLE audit (
    seq    BIGINT PRIMARY KEY,
    ts     BIGINT NOT NULL,
    actor  TEXT NOT NULL,
    device TEXT NOT NULL,
    addr   TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    detail TEXT NOT NULL,
    prev   BYTEA NOT NULL,
    hash   BYTEA NOT NULL
);

-- One row: the newest record and the state of the counter, signed by the server.
CREATE TABLE audit_head (
    one       BIGINT PRIMARY KEY CHECK (one = 1),
    seq       BIGINT NOT NULL,
    hash      BYTEA NOT NULL,
    pos       BIGINT NOT NULL,
    commits   BIGINT NOT NULL,
    signature BYTEA NOT NULL
);

-- Promises. due and lease in milliseconds; lease 0: nobody works on it. dead: given up after too many attempts.
CREATE TABLE job (
    id       TEXT PRIMARY KEY,
    kind     TEXT NOT NULL,
    due      BIGINT NOT NULL,
    lease    BIGINT NOT NULL,
    holder   TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    dead     BIGINT NOT NULL,
    once     TEXT,
    payload  TEXT NOT NULL,
    failure  TEXT NOT NULL,
    created  BIGINT NOT NULL
);
CREATE UNIQUE INDEX job_once ON job (kind, once);
CREATE INDEX job_due ON job (kind, dead, due);

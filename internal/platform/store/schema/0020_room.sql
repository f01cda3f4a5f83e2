-- Rooms and their event log. A room's number is the position of its create event.
CREATE TABLE room (
    nr      BIGINT PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    version TEXT NOT NULL
);

-- The log: one row an event, in the order of commit.
CREATE TABLE event (
    pos         BIGINT PRIMARY KEY,
    room        BIGINT NOT NULL,
    id          TEXT NOT NULL UNIQUE,
    type        TEXT NOT NULL,
    state_key   TEXT,
    sender      TEXT NOT NULL,
    ts          BIGINT NOT NULL,
    json        TEXT NOT NULL,    -- the signed event; after redaction what redaction leaves
    relates     TEXT,             -- the event it relates to
    rel_type    TEXT,
    replaces    BIGINT,           -- position of the state event it replaced
    redacted_by BIGINT,           -- position of the redaction
    device      TEXT,             -- device it was sent from
    txn_id      TEXT,             -- the client's transaction id
    txn         BYTEA             -- hash of user, device, path and transaction id
);
CREATE INDEX event_room ON event (room, pos);
CREATE INDEX event_state ON event (room, type, state_key, pos) WHERE state_key IS NOT NULL;
CREATE INDEX event_relates ON event (relates, rel_type, pos) WHERE relates IS NOT NULL;
CREATE UNIQUE INDEX event_txn ON event (txn) WHERE txn IS NOT NULL;

-- Current state: which event is the latest of each type and key.
CREATE TABLE state (
    room      BIGINT NOT NULL,
    type      TEXT NOT NULL,
    state_key TEXT NOT NULL,
    pos       BIGINT NOT NULL,
    PRIMARY KEY (room, type, state_key)
);

-- Current membership, by person.
CREATE TABLE member (
    user_id    TEXT NOT NULL,
    room       BIGINT NOT NULL,
    membership TEXT NOT NULL,
    pos        BIGINT NOT NULL,
    forgotten  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, room)
);
CREATE INDEX member_room ON member (room, membership);

CREATE TABLE alias (
    alias   TEXT PRIMARY KEY,
    room    BIGINT NOT NULL,
    creator TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX alias_room ON alias (room);

-- Rooms listed in the trust's own directory.
CREATE TABLE published (
    room BIGINT PRIMARY KEY
);

-- Events, rooms and people reported to the trust's moderators.
CREATE TABLE report (
    id       TEXT PRIMARY KEY,
    reporter TEXT NOT NULL,
    room     BIGINT,
    event_id TEXT,
    user_id  TEXT,
    reason   TEXT NOT NULL,
    created  BIGINT NOT NULL
);

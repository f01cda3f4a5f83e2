-- How far each person has read in each room, publicly and privately, in the room at large and in each thread.
CREATE TABLE receipt (
    room      BIGINT NOT NULL,
    user_id   TEXT NOT NULL,
    type      TEXT NOT NULL,   -- m.read or m.read.private
    thread    TEXT NOT NULL,   -- '' unthreaded, 'main', or the root of a thread
    event_id  TEXT NOT NULL,
    event_pos BIGINT NOT NULL,
    ts        BIGINT NOT NULL,
    pos       BIGINT NOT NULL,
    PRIMARY KEY (room, user_id, type, thread)
);
CREATE INDEX receipt_pos ON receipt (room, pos);

-- How far each person's devices have received what was said in each room: the latest event, and when that was known.
CREATE TABLE delivery (
    room      BIGINT NOT NULL,
    user_id   TEXT   NOT NULL,
    event_id  TEXT   NOT NULL,
    event_pos BIGINT NOT NULL,
    ts        BIGINT NOT NULL, -- ms
    PRIMARY KEY (room, user_id)
);

-- What clients and slices keep for one person: settings, tags, push rules, read markers.
CREATE TABLE account_data (
    user_id TEXT   NOT NULL,
    room_id TEXT   NOT NULL, -- empty: for the whole account
    type    TEXT   NOT NULL,
    content TEXT   NOT NULL, -- a JSON object
    pos     BIGINT NOT NULL, -- position of the last change
    PRIMARY KEY (user_id, room_id, type)
);

-- Filters that clients stored to name them in sync. The id is a hash of the content: storing it twice is one row.
CREATE TABLE sync_filter (
    user_id   TEXT   NOT NULL,
    filter_id TEXT   NOT NULL,
    content   TEXT   NOT NULL,
    stored    BIGINT NOT NULL, -- when it was last stored, ms
    PRIMARY KEY (user_id, filter_id)
);

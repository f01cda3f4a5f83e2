-- Backups of room keys, encrypted by the client. A deleted backup stays as a stone, so that deleting it again succeeds
-- and its number is not used twice.
CREATE TABLE key_backup (
    user_id   TEXT NOT NULL,
    version   BIGINT NOT NULL,
    algorithm TEXT NOT NULL,
    auth_data TEXT NOT NULL,
    etag      BIGINT NOT NULL,
    held      BIGINT NOT NULL, -- how many keys it holds
    deleted   BIGINT NOT NULL DEFAULT 0, -- when, ms; 0: it is there
    PRIMARY KEY (user_id, version)
);

CREATE TABLE key_backup_key (
    user_id     TEXT NOT NULL,
    version     BIGINT NOT NULL,
    room_id     TEXT NOT NULL,
    session_id  TEXT NOT NULL,
    first_index BIGINT NOT NULL,
    forwarded   BIGINT NOT NULL,
    verified    BIGINT NOT NULL, -- 0 or 1
    session     TEXT NOT NULL,   -- session_data as uploaded
    PRIMARY KEY (user_id, version, room_id, session_id)
);

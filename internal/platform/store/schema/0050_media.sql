-- Files people have uploaded. Many may have the same content (hash); each has its own id, owner, name and readers.
CREATE TABLE media (
    id      TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,             -- who uploaded it
    created BIGINT NOT NULL,           -- ms
    expires BIGINT NOT NULL,           -- until when the content must come, ms; 0: it has come
    hash    TEXT NOT NULL,             -- SHA-256 of the content as stored; empty: not yet uploaded
    size    BIGINT NOT NULL,           -- bytes
    type    TEXT NOT NULL,             -- as the uploader says
    name    TEXT NOT NULL,             -- as the uploader says; may be empty
    used    BIGINT NOT NULL DEFAULT 0, -- 1 once an event or a profile has used it
    gone    BIGINT NOT NULL DEFAULT 0  -- since when nothing uses it any more, ms; 0: something does, or nothing has yet
);
CREATE INDEX media_user ON media (user_id, created);
CREATE INDEX media_hash ON media (hash) WHERE hash <> '';
CREATE INDEX media_pending ON media (expires) WHERE expires > 0;
CREATE INDEX media_unused ON media (created) WHERE used = 0;
CREATE INDEX media_gone ON media (gone) WHERE gone > 0;

-- Which events use which file: who may read one of them may read the file.
CREATE TABLE media_link (
    media_id TEXT NOT NULL,
    pos      BIGINT NOT NULL, -- of the event
    event_id TEXT NOT NULL,
    room_id  TEXT NOT NULL,
    PRIMARY KEY (media_id, pos)
);
CREATE INDEX media_link_event ON media_link (event_id);

-- Which file is whose picture in the profile: everybody of the trust may see it.
CREATE TABLE media_avatar (
    user_id  TEXT PRIMARY KEY,
    media_id TEXT NOT NULL
);
CREATE INDEX media_avatar_media ON media_avatar (media_id);

-- Thumbnails, made when first asked for.
CREATE TABLE media_thumbnail (
    hash    TEXT NOT NULL, -- of the picture
    variant TEXT NOT NULL, -- "crop 96x96"
    thumb   TEXT NOT NULL, -- hash of the thumbnail
    type    TEXT NOT NULL,
    PRIMARY KEY (hash, variant)
);
CREATE INDEX media_thumbnail_thumb ON media_thumbnail (thumb);

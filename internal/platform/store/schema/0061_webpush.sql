-- A browser that somebody wants to be told through (RFC 8030). One row a device; the pusher of the same id holds how far it was told.
CREATE TABLE webpush_subscription (
    id       TEXT PRIMARY KEY,
    user_id  TEXT NOT NULL,
    device   TEXT NOT NULL,   -- that subscribed; it goes when the device goes
    endpoint TEXT NOT NULL,   -- at the push service: whoever knows it may try to push
    p256dh   TEXT NOT NULL,   -- the browser's public key, base64url
    auth     TEXT NOT NULL,   -- the browser's authentication secret, base64url
    created  BIGINT NOT NULL,
    UNIQUE (user_id, device)
);
CREATE INDEX webpush_endpoint ON webpush_subscription (endpoint);

-- The key by which push services know this server (RFC 8292): made by the server itself, one row.
CREATE TABLE webpush_key (
    id      BIGINT PRIMARY KEY,
    private TEXT NOT NULL, -- the scalar, base64url
    public  TEXT NOT NULL  -- the uncompressed point, base64url
);

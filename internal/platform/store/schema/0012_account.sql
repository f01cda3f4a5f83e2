-- Who may use the server.
CREATE TABLE account (
    user_id     TEXT   NOT NULL PRIMARY KEY,
    password    TEXT   NOT NULL, -- PHC string; empty: no sign-in by password
    admin       BIGINT NOT NULL, -- 1: may administer the server
    locked      BIGINT NOT NULL, -- since when, ms; 0: not
    suspended   BIGINT NOT NULL, -- since when, ms; 0: not
    deactivated BIGINT NOT NULL, -- since when, ms; 0: in use
    created     BIGINT NOT NULL  -- ms
);

-- From where: one row for each place a person is signed in.
CREATE TABLE device (
    user_id   TEXT   NOT NULL,
    device_id TEXT   NOT NULL,
    name      TEXT   NOT NULL,
    created   BIGINT NOT NULL, -- ms
    seen      BIGINT NOT NULL, -- when it was last used, ms, to the minute
    addr      TEXT   NOT NULL, -- from where it was last used
    PRIMARY KEY (user_id, device_id)
);

-- The tokens of devices; only their hashes. An access and a refresh token that were issued together are a pair.
CREATE TABLE token (
    hash      TEXT   NOT NULL PRIMARY KEY, -- SHA-256 of the token, base64
    kind      BIGINT NOT NULL,             -- 0 access, 1 refresh, 2 a refresh token that has been spent
    session   BIGINT NOT NULL,             -- one sign-in: all pairs refreshed from it bear the same number
    pair      BIGINT NOT NULL,
    fresh     BIGINT NOT NULL,             -- 1: neither token of the pair has been used, so the pair before is still good
    user_id   TEXT   NOT NULL,
    device_id TEXT   NOT NULL,
    issued    BIGINT NOT NULL,             -- ms
    expires   BIGINT NOT NULL              -- ms; 0: never
);
CREATE INDEX token_device ON token (user_id, device_id);
CREATE INDEX token_session ON token (session, pair);

-- Secrets that the nodes of a cluster share to recognise what one of them has handed out.
CREATE TABLE account_secret (
    name   TEXT NOT NULL PRIMARY KEY,
    secret TEXT NOT NULL -- base64
);

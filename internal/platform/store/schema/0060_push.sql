-- What each person has changed of the default push rules. What clients are shown of it is account data, m.push_rules.
CREATE TABLE push_rules (
    user_id TEXT PRIMARY KEY,
    changes TEXT NOT NULL
);

-- Where somebody wants to be told of news: an app behind a push gateway.
CREATE TABLE pusher (
    user_id     TEXT NOT NULL,
    app_id      TEXT NOT NULL,
    pushkey     TEXT NOT NULL,
    device      TEXT NOT NULL,   -- that set it; it goes when the device goes
    url         TEXT NOT NULL,   -- of the gateway
    app_name    TEXT NOT NULL,
    device_name TEXT NOT NULL,
    profile_tag TEXT NOT NULL,
    lang        TEXT NOT NULL,
    data        TEXT NOT NULL,   -- as the client gave it, JSON
    updated     BIGINT NOT NULL, -- when it was set last
    told        BIGINT NOT NULL, -- told of everything up to this position, at least
    behind      BIGINT NOT NULL, -- 1: of nothing after it; 0: of everything that push_delivery has been through
    PRIMARY KEY (user_id, app_id, pushkey)
);
CREATE INDEX pusher_key ON pusher (app_id, pushkey);

-- Which node tells the gateways, until when it may, and how far it has been through the log: one row.
CREATE TABLE push_delivery (
    id     BIGINT PRIMARY KEY,
    holder TEXT NOT NULL,
    until  BIGINT NOT NULL,
    pos    BIGINT NOT NULL
);

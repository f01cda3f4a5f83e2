-- Messages waiting for a device.
CREATE TABLE to_device (
    pos       BIGINT PRIMARY KEY,
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    body      TEXT NOT NULL  -- the event as the device receives it: sender, type, content
);
CREATE INDEX to_device_inbox ON to_device (user_id, device_id, pos);

-- Requests that were carried out already: client-server API, "Transaction identifiers".
CREATE TABLE to_device_txn (
    id      TEXT PRIMARY KEY, -- hash of user, device, event type and transaction id
    created BIGINT NOT NULL
);
CREATE INDEX to_device_txn_created ON to_device_txn (created);

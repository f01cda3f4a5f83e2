-- Identity keys of devices, as their devices signed them (canonical JSON, without unsigned).
CREATE TABLE device_key (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    body      TEXT NOT NULL,
    PRIMARY KEY (user_id, device_id)
);

-- One-time keys. A key that was claimed stays as a stone (body empty, claimed set), so that an upload sent again by a
-- client that never saw its answer cannot bring it back to life.
CREATE TABLE one_time_key (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    key_id    TEXT NOT NULL,
    pos       BIGINT NOT NULL,           -- position of the upload: keys are handed out in this order
    claimed   BIGINT NOT NULL DEFAULT 0, -- when it was handed out, ms; 0: not yet
    body      TEXT NOT NULL,
    PRIMARY KEY (user_id, device_id, algorithm, key_id)
);
CREATE INDEX one_time_key_next ON one_time_key (user_id, device_id, algorithm, pos, key_id) WHERE claimed = 0;
CREATE INDEX one_time_key_stone ON one_time_key (claimed) WHERE claimed > 0;

-- The key handed out when a device has run out of one-time keys: one for each algorithm.
CREATE TABLE fallback_key (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    key_id    TEXT NOT NULL,
    used      BIGINT NOT NULL DEFAULT 0, -- 1 once it was handed out
    body      TEXT NOT NULL,
    PRIMARY KEY (user_id, device_id, algorithm)
);

-- Cross-signing keys: master, self_signing, user_signing.
CREATE TABLE cross_signing_key (
    user_id    TEXT NOT NULL,
    usage      TEXT NOT NULL,
    public_key TEXT NOT NULL,
    body       TEXT NOT NULL,
    PRIMARY KEY (user_id, usage)
);

-- Signatures added to somebody's device or master key after it was uploaded.
CREATE TABLE key_signature (
    user_id    TEXT NOT NULL, -- whose key was signed
    key_id     TEXT NOT NULL, -- a device id, or the public master key
    signer     TEXT NOT NULL,
    signer_key TEXT NOT NULL, -- "ed25519:" and a device id or a public key
    signature  TEXT NOT NULL,
    PRIMARY KEY (user_id, key_id, signer, signer_key)
);

-- When somebody's devices or keys changed last, as seen by everyone (viewer empty) or by one person only.
CREATE TABLE device_list (
    user_id TEXT NOT NULL,
    viewer  TEXT NOT NULL,
    pos     BIGINT NOT NULL,
    PRIMARY KEY (user_id, viewer)
);
CREATE INDEX device_list_pos ON device_list (pos);

-- What people say of themselves: a row for each field of a profile.
CREATE TABLE profile (
    user_id TEXT NOT NULL,
    field   TEXT NOT NULL,
    value   TEXT NOT NULL, -- JSON of any kind
    PRIMARY KEY (user_id, field)
);

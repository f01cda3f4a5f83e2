-- What each person has changed of the default push rules. What clients are shown of it is account data, m.push_rules.
CREATE TABLE push_rules (
    user_id TEXT PRIMARY KEY,
    changes TEXT NOT NULL
);

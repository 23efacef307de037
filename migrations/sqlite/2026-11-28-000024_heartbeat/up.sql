CREATE TABLE heartbeat (
    slot INTEGER NOT NULL,
    at TEXT NOT NULL,
    filler BLOB NOT NULL,
    PRIMARY KEY (slot)
);

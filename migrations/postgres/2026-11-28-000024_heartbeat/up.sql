CREATE TABLE heartbeat (
    slot INTEGER NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    filler BYTEA NOT NULL,
    PRIMARY KEY (slot)
);

CREATE TABLE installation (
    slot INTEGER NOT NULL CHECK (slot = 1),
    id BLOB NOT NULL,
    production BOOLEAN NOT NULL,
    marked BOOLEAN NOT NULL,
    sealed_photo_key BLOB,
    created_at TEXT NOT NULL,
    PRIMARY KEY (slot)
);

CREATE TABLE secret_key (
    key_id TEXT NOT NULL,
    key_check BLOB NOT NULL,
    state TEXT NOT NULL,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (key_id)
);

CREATE TABLE key_rotation (
    to_key TEXT NOT NULL,
    step TEXT NOT NULL,
    position TEXT NOT NULL,
    rows_done BIGINT NOT NULL,
    started_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (to_key)
);

CREATE INDEX resident_otp_expires_at_idx ON resident_otp (expires_at);

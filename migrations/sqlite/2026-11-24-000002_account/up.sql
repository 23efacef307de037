CREATE TABLE staff (
    id BLOB NOT NULL,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    unit_code TEXT,
    street_code TEXT,
    grid_code TEXT,
    password_hash TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX staff_username_key ON staff (username);
CREATE INDEX staff_role_grid_code_idx ON staff (role, grid_code);

CREATE TABLE session (
    id BLOB NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    family_id BLOB NOT NULL,
    refresh_hash BLOB NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT,
    revoked_at TEXT,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX session_refresh_hash_key ON session (refresh_hash);
CREATE INDEX session_family_id_idx ON session (family_id);
CREATE INDEX session_expires_at_idx ON session (expires_at);

CREATE TABLE resident (
    id BLOB NOT NULL,
    phone_key TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX resident_phone_key_key ON resident (phone_key);

CREATE TABLE resident_otp (
    id BLOB NOT NULL,
    phone_key TEXT NOT NULL,
    code_hash BLOB NOT NULL,
    attempts INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT,
    PRIMARY KEY (id)
);
CREATE INDEX resident_otp_phone_key_created_at_idx ON resident_otp (phone_key, created_at);

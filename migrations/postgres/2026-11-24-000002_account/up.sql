CREATE TABLE staff (
    id UUID NOT NULL,
    username TEXT NOT NULL,
    display_name TEXT NOT NULL,
    role TEXT NOT NULL,
    unit_code TEXT,
    street_code TEXT,
    grid_code TEXT,
    password_hash TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX staff_username_key ON staff (username);
CREATE INDEX staff_role_grid_code_idx ON staff (role, grid_code);

CREATE TABLE session (
    id UUID NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    family_id UUID NOT NULL,
    refresh_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    revoked_at TIMESTAMPTZ,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX session_refresh_hash_key ON session (refresh_hash);
CREATE INDEX session_family_id_idx ON session (family_id);
CREATE INDEX session_expires_at_idx ON session (expires_at);

CREATE TABLE resident (
    id UUID NOT NULL,
    phone_key TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX resident_phone_key_key ON resident (phone_key);

CREATE TABLE resident_otp (
    id UUID NOT NULL,
    phone_key TEXT NOT NULL,
    code_hash BYTEA NOT NULL,
    attempts INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    PRIMARY KEY (id)
);
CREATE INDEX resident_otp_phone_key_created_at_idx ON resident_otp (phone_key, created_at);

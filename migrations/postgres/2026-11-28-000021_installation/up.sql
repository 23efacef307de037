CREATE TABLE installation (
    slot INTEGER NOT NULL CHECK (slot = 1),
    id UUID NOT NULL,
    production BOOLEAN NOT NULL,
    marked BOOLEAN NOT NULL,
    sealed_photo_key BYTEA,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (slot)
);

CREATE TABLE secret_key (
    key_id TEXT NOT NULL,
    key_check BYTEA NOT NULL,
    state TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    changed_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (key_id)
);

CREATE TABLE key_rotation (
    to_key TEXT NOT NULL,
    step TEXT NOT NULL,
    position JSONB NOT NULL,
    rows_done BIGINT NOT NULL,
    started_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (to_key)
);

CREATE INDEX resident_otp_expires_at_idx ON resident_otp (expires_at);

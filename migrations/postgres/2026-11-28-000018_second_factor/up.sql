-- Codes by time (RFC 6238) as a second factor of staff, and the codes for the day the phone is lost.
CREATE TABLE second_factor (
    staff_id UUID NOT NULL REFERENCES staff (id),
    sealed_secret BYTEA NOT NULL,
    last_step BIGINT,
    created_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    PRIMARY KEY (staff_id)
);

CREATE TABLE recovery_code (
    id UUID NOT NULL,
    staff_id UUID NOT NULL REFERENCES staff (id),
    code_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    PRIMARY KEY (id)
);
CREATE INDEX recovery_code_staff_id_idx ON recovery_code (staff_id);

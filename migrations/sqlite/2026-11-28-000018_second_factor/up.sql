-- Codes by time (RFC 6238) as a second factor of staff, and the codes for the day the phone is lost.
CREATE TABLE second_factor (
    staff_id BLOB NOT NULL REFERENCES staff (id),
    sealed_secret BLOB NOT NULL,
    last_step BIGINT,
    created_at TEXT NOT NULL,
    confirmed_at TEXT,
    PRIMARY KEY (staff_id)
);

CREATE TABLE recovery_code (
    id BLOB NOT NULL,
    staff_id BLOB NOT NULL REFERENCES staff (id),
    code_hash BLOB NOT NULL,
    created_at TEXT NOT NULL,
    used_at TEXT,
    PRIMARY KEY (id)
);
CREATE INDEX recovery_code_staff_id_idx ON recovery_code (staff_id);

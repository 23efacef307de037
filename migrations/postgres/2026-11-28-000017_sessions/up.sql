-- Which token a token was given for, so that what a replay brought can be voided; and what one needs
-- to know one's own sessions by.
ALTER TABLE session ADD COLUMN parent_id UUID;
ALTER TABLE session ADD COLUMN device TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN opened_at TIMESTAMPTZ NOT NULL DEFAULT '2026-01-01T00:00:00Z';
UPDATE session SET opened_at = (SELECT min(f.created_at) FROM session AS f WHERE f.family_id = session.family_id);
CREATE INDEX session_parent_id_idx ON session (parent_id);
CREATE INDEX session_subject_id_idx ON session (subject_id);

-- Devices from which an account signed in before.
CREATE TABLE known_device (
    id UUID NOT NULL,
    staff_id UUID NOT NULL REFERENCES staff (id),
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX known_device_token_hash_key ON known_device (token_hash);
CREATE INDEX known_device_staff_id_seen_at_idx ON known_device (staff_id, seen_at);

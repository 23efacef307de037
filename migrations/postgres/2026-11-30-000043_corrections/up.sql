-- Who stood on a petition before a correction. They may be named in its words, so they go on being masked
-- there; nobody is counted, compared or told by them.
CREATE TABLE former_petitioner (
    id UUID NOT NULL PRIMARY KEY,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    kind TEXT NOT NULL,
    sealed BYTEA,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX former_petitioner_complaint_id_idx ON former_petitioner (complaint_id, id);
-- The last decision on a complaint, while whoever made it may undo it, and what it found.
CREATE TABLE revocable_decision (
    complaint_id UUID NOT NULL PRIMARY KEY REFERENCES complaint (id),
    decision TEXT NOT NULL,
    decided_by UUID NOT NULL REFERENCES staff (id),
    before TEXT NOT NULL,
    last_event UUID NOT NULL,
    found JSONB NOT NULL,
    undone_until TIMESTAMPTZ NOT NULL
);
CREATE INDEX revocable_decision_decided_by_idx ON revocable_decision (decided_by);
-- A decision that was undone before anybody was told stays to be read by staff.
ALTER TABLE triage_decision ADD COLUMN undone_at TIMESTAMPTZ;

-- What staff find themselves (巡查发现), beside the complaint's row it is kept as. It is written before that row,
-- so that of one find sent twice at once the second waits for the first: the reference is looked at when the
-- transaction ends.
CREATE TABLE find (
    complaint_id UUID NOT NULL PRIMARY KEY REFERENCES complaint (id) DEFERRABLE INITIALLY DEFERRED,
    found_by UUID NOT NULL REFERENCES staff (id),
    client_id TEXT NOT NULL,
    content BYTEA NOT NULL,
    clue_channel TEXT NOT NULL,
    street_code TEXT,
    seen_at TIMESTAMPTZ NOT NULL,
    device_time TIMESTAMPTZ NOT NULL,
    clock_offset_ms BIGINT,
    result TEXT,
    decided_at TIMESTAMPTZ
);
-- One find of a person's by their device's own id, and their list; the list of a street.
CREATE UNIQUE INDEX find_found_by_client_id_idx ON find (found_by, client_id);
CREATE INDEX find_found_by_complaint_id_idx ON find (found_by, complaint_id);
CREATE INDEX find_street_code_complaint_id_idx ON find (street_code, complaint_id);
-- Its list of work, with the list's own condition.
CREATE INDEX complaint_finds_taken_up_idx ON complaint (hidden, due_on, number, state)
    WHERE state = 'taken_up';
ALTER TABLE ledger_entry ADD COLUMN find_count INTEGER NOT NULL DEFAULT 0;

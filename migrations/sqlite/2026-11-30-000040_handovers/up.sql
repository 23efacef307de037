-- A complaint that was sent to another unit, as that unit has it. What was sent before this is with its
-- unit on paper and stands in the decision alone.
CREATE TABLE handover (
    id BLOB NOT NULL PRIMARY KEY,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    unit_code TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    answer TEXT,
    reason TEXT,
    sent_at TEXT NOT NULL,
    signed_at TEXT,
    ended_at TEXT,
    updated_at TEXT NOT NULL
);
-- Each list leads to its rows in their order, however many others there are.
CREATE INDEX handover_complaint_id_idx ON handover (complaint_id, id);
CREATE INDEX handover_unit_code_idx ON handover (unit_code, id);
CREATE INDEX handover_unit_code_state_idx ON handover (unit_code, state, id);
CREATE INDEX handover_state_idx ON handover (state, id);

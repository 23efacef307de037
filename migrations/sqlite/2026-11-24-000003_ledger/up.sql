CREATE TABLE ledger_entry (
    id BLOB NOT NULL,
    number TEXT NOT NULL,
    state TEXT NOT NULL,
    title TEXT NOT NULL,
    category TEXT NOT NULL,
    coarse TEXT NOT NULL,
    object_id TEXT,
    lon DOUBLE,
    lat DOUBLE,
    street_code TEXT,
    grid_code TEXT,
    source_class TEXT,
    lead_complaint_id BLOB,
    due_on DATE,
    complaint_count INTEGER NOT NULL,
    distinct_reporters INTEGER NOT NULL,
    duplicate_count INTEGER NOT NULL,
    repeat_count INTEGER NOT NULL,
    strong_concern BOOLEAN NOT NULL,
    collective_visit BOOLEAN NOT NULL,
    escalation_level INTEGER NOT NULL,
    cycle_no INTEGER NOT NULL,
    predecessor_id BLOB REFERENCES ledger_entry (id),
    merged_into BLOB REFERENCES ledger_entry (id),
    written_off_at TEXT,
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX ledger_entry_number_key ON ledger_entry (number);
CREATE INDEX ledger_entry_state_id_idx ON ledger_entry (state, id);
CREATE INDEX ledger_entry_street_code_state_idx ON ledger_entry (street_code, state);
CREATE INDEX ledger_entry_merged_into_idx ON ledger_entry (merged_into);
CREATE INDEX ledger_entry_predecessor_id_idx ON ledger_entry (predecessor_id);

CREATE TABLE ledger_merge (
    id BLOB NOT NULL,
    source_entry_id BLOB NOT NULL REFERENCES ledger_entry (id),
    target_entry_id BLOB NOT NULL REFERENCES ledger_entry (id),
    before TEXT NOT NULL,
    reason TEXT NOT NULL,
    merged_by BLOB,
    merged_at TEXT NOT NULL,
    undone_by BLOB,
    undone_at TEXT,
    undo_reason TEXT,
    PRIMARY KEY (id)
);
CREATE INDEX ledger_merge_source_entry_id_idx ON ledger_merge (source_entry_id);
CREATE INDEX ledger_merge_target_entry_id_idx ON ledger_merge (target_entry_id);

CREATE TABLE ledger_decision (
    id BLOB NOT NULL,
    entry_id BLOB NOT NULL REFERENCES ledger_entry (id),
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    meeting TEXT,
    decided_on DATE NOT NULL,
    minute_ref TEXT,
    level TEXT,
    chosen_owner TEXT,
    reason TEXT,
    decided_by BLOB NOT NULL REFERENCES staff (id),
    created_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX ledger_decision_entry_id_idx ON ledger_decision (entry_id);
CREATE INDEX ledger_decision_decided_by_idx ON ledger_decision (decided_by);

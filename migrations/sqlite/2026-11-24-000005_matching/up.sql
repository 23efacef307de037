CREATE TABLE match_key (
    key TEXT NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    PRIMARY KEY (key, complaint_id)
) WITHOUT ROWID;
CREATE INDEX match_key_complaint_id_idx ON match_key (complaint_id);

CREATE TABLE match_verdict (
    id BLOB NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    rule TEXT NOT NULL,
    outcome TEXT NOT NULL,
    target_id BLOB REFERENCES complaint (id),
    score DOUBLE,
    evidence TEXT NOT NULL,
    model_version TEXT NOT NULL,
    entry_before BLOB,
    decided_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX match_verdict_complaint_id_decided_at_idx ON match_verdict (complaint_id, decided_at);
CREATE INDEX match_verdict_target_id_idx ON match_verdict (target_id);

CREATE TABLE match_decision (
    id BLOB NOT NULL,
    verdict_id BLOB NOT NULL REFERENCES match_verdict (id),
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    decision TEXT NOT NULL,
    reason TEXT,
    decided_by BLOB NOT NULL REFERENCES staff (id),
    decided_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX match_decision_verdict_id_idx ON match_decision (verdict_id);
CREATE INDEX match_decision_complaint_id_idx ON match_decision (complaint_id);
CREATE INDEX match_decision_decided_by_idx ON match_decision (decided_by);

CREATE TABLE hidden_review (
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    due_on DATE NOT NULL,
    reviewed_by BLOB REFERENCES staff (id),
    reviewed_at TEXT,
    PRIMARY KEY (complaint_id)
);
CREATE INDEX hidden_review_due_on_idx ON hidden_review (due_on);
CREATE INDEX hidden_review_reviewed_by_idx ON hidden_review (reviewed_by);
INSERT INTO hidden_review (complaint_id, due_on, reviewed_by, reviewed_at)
SELECT subject_id, due_on, met_by, met_at FROM clock WHERE subject_kind = 'complaint' AND kind = 'hiding_review';

CREATE TABLE deadline (
    id BLOB NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    unit TEXT NOT NULL,
    roll_forward BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    started_on DATE NOT NULL,
    due_on DATE NOT NULL,
    provisional BOOLEAN NOT NULL,
    met_at TEXT,
    PRIMARY KEY (id)
);
-- Of each kind the last, as there was one.
INSERT INTO deadline (id, complaint_id, kind, amount, unit, roll_forward, source, started_on, due_on, provisional, met_at)
SELECT k.id, k.subject_id, k.kind, k.amount, k.unit, k.roll_forward, k.source, k.started_on, k.due_on, k.provisional,
    CASE k.meaning WHEN 'right' THEN COALESCE(k.met_at, k.lapsed_at) ELSE k.met_at END
FROM clock k
WHERE k.subject_kind = 'complaint' AND k.kind IN ('notify', 'reply', 'objection')
    AND k.round = (
        SELECT max(l.round) FROM clock l
        WHERE l.subject_kind = k.subject_kind AND l.subject_id = k.subject_id AND l.kind = k.kind
    );
CREATE UNIQUE INDEX deadline_complaint_id_kind_key ON deadline (complaint_id, kind);
CREATE INDEX deadline_due_on_idx ON deadline (due_on);
CREATE INDEX deadline_provisional_id_idx ON deadline (provisional, id);

-- A running right counted as a due date.
UPDATE complaint SET due_on = (
    SELECT min(d.due_on) FROM deadline d WHERE d.complaint_id = complaint.id AND d.met_at IS NULL
)
WHERE id IN (SELECT complaint_id FROM deadline WHERE kind = 'objection' AND met_at IS NULL);
UPDATE ledger_entry SET due_on = (
    SELECT min(c.due_on) FROM complaint c
    WHERE c.entry_id = ledger_entry.id AND NOT c.hidden AND c.state <> 'withdrawn' AND c.closed_at IS NULL
)
WHERE id IN (
    SELECT c.entry_id FROM complaint c JOIN deadline d ON d.complaint_id = c.id
    WHERE d.kind = 'objection' AND d.met_at IS NULL
);

DROP TABLE clock_extension;
DROP TABLE clock_suspension;
DROP TABLE clock;

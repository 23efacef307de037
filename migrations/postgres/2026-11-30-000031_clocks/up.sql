-- One table for every deadline of every subject, with what became of it as a fact.
CREATE TABLE clock (
    id UUID NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    kind TEXT NOT NULL,
    round INTEGER NOT NULL,
    rule TEXT NOT NULL,
    source TEXT NOT NULL,
    started_on DATE NOT NULL,
    amount INTEGER NOT NULL,
    unit TEXT NOT NULL,
    roll_forward BOOLEAN NOT NULL,
    due_on DATE NOT NULL,
    provisional BOOLEAN NOT NULL,
    suspended_on DATE,
    duty TEXT NOT NULL,
    meaning TEXT NOT NULL,
    met_at TIMESTAMPTZ,
    met_by_kind TEXT,
    met_by UUID,
    outcome TEXT,
    lapsed_at TIMESTAMPTZ,
    PRIMARY KEY (id)
);

CREATE TABLE clock_suspension (
    id UUID NOT NULL,
    clock_id UUID NOT NULL REFERENCES clock (id),
    ground TEXT NOT NULL,
    from_on DATE NOT NULL,
    until_on DATE,
    PRIMARY KEY (id)
);
CREATE INDEX clock_suspension_clock_id_idx ON clock_suspension (clock_id);

CREATE TABLE clock_extension (
    id UUID NOT NULL,
    clock_id UUID NOT NULL REFERENCES clock (id),
    amount INTEGER,
    until_on DATE,
    approved_by UUID NOT NULL REFERENCES staff (id),
    reason TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX clock_extension_clock_id_idx ON clock_extension (clock_id);
CREATE INDEX clock_extension_approved_by_idx ON clock_extension (approved_by);

-- A complaint's own. An objection is a right: whatever ended it, it was not met. Duties of complaints
-- whose handling ended have fallen away with it.
INSERT INTO clock (id, subject_kind, subject_id, kind, round, rule, source, started_on, amount, unit,
    roll_forward, due_on, provisional, duty, meaning, met_at, outcome, lapsed_at)
SELECT d.id, 'complaint', d.complaint_id, d.kind, 1,
    CASE WHEN d.source LIKE '办理程序：%' THEN 'procedure/' || COALESCE(c.procedure, '')
        ELSE 'channel/' || c.channel || '/' || d.kind END,
    d.source, d.started_on, d.amount, d.unit, d.roll_forward, d.due_on, d.provisional, 'brigade',
    CASE d.kind WHEN 'objection' THEN 'right' ELSE 'duty' END,
    CASE d.kind WHEN 'objection' THEN NULL ELSE d.met_at END,
    CASE WHEN d.kind = 'objection' OR d.met_at IS NULL THEN NULL
        WHEN (d.met_at AT TIME ZONE INTERVAL '08:00')::date <= d.due_on THEN 'on_time' ELSE 'late' END,
    CASE WHEN d.kind = 'objection' THEN d.met_at WHEN d.met_at IS NULL THEN c.closed_at END
FROM deadline d JOIN complaint c ON c.id = d.complaint_id;

-- Reviews of what the abuse list hides.
INSERT INTO clock (id, subject_kind, subject_id, kind, round, rule, source, started_on, amount, unit,
    roll_forward, due_on, provisional, duty, meaning, met_at, met_by_kind, met_by, outcome)
SELECT gen_random_uuid(), 'complaint', h.complaint_id, 'hiding_review', 1, 'order', '本区屏蔽件复核时限',
    (c.received_at AT TIME ZONE INTERVAL '08:00')::date, (h.due_on - (c.received_at AT TIME ZONE INTERVAL '08:00')::date), 'natural_day', FALSE, h.due_on, FALSE, 'brigade', 'duty',
    h.reviewed_at, CASE WHEN h.reviewed_by IS NULL THEN NULL ELSE 'staff' END, h.reviewed_by,
    CASE WHEN h.reviewed_at IS NULL THEN NULL
        WHEN (h.reviewed_at AT TIME ZONE INTERVAL '08:00')::date <= h.due_on THEN 'on_time' ELSE 'late' END
FROM hidden_review h JOIN complaint c ON c.id = h.complaint_id;

-- Visits: due on the day the order named, met when they were last submitted unless they were sent back,
-- fallen away when they were called off.
INSERT INTO clock (id, subject_kind, subject_id, kind, round, rule, source, started_on, amount, unit,
    roll_forward, due_on, provisional, duty, meaning, met_at, outcome, lapsed_at)
SELECT gen_random_uuid(), 'verification', v.id, 'visit', 1, 'order', '派单限期', v.began_on,
    (v.due_on - v.began_on), 'natural_day', FALSE, v.due_on, FALSE, 'officer', 'duty', v.met_at,
    CASE WHEN v.met_at IS NULL THEN NULL
        WHEN (v.met_at AT TIME ZONE INTERVAL '08:00')::date <= v.due_on THEN 'on_time' ELSE 'late' END,
    CASE WHEN v.state = 'cancelled' THEN v.updated_at END
FROM (
    SELECT id, state, due_on, updated_at, (created_at AT TIME ZONE INTERVAL '08:00')::date AS began_on,
        CASE WHEN state IN ('submitted', 'passed') THEN (
            SELECT max(r.at) FROM record r
            WHERE r.subject_id = verification.id AND r.to_state = 'submitted'
        ) END AS met_at
    FROM verification WHERE due_on IS NOT NULL
) v;

CREATE UNIQUE INDEX clock_subject_kind_subject_id_kind_round_key ON clock (subject_kind, subject_id, kind, round);
-- Of all clocks there ever were, few run.
CREATE INDEX clock_running_kind_due_on_idx ON clock (kind, due_on) WHERE met_at IS NULL AND lapsed_at IS NULL;
CREATE INDEX clock_running_subject_kind_id_idx ON clock (subject_kind, id) WHERE met_at IS NULL AND lapsed_at IS NULL;

-- A right that lapses is not a due date.
UPDATE complaint SET due_on = (
    SELECT min(k.due_on) FROM clock k
    WHERE k.subject_kind = 'complaint' AND k.subject_id = complaint.id AND k.kind IN ('notify', 'reply') AND k.met_at IS NULL
)
WHERE id IN (SELECT complaint_id FROM deadline WHERE kind = 'objection' AND met_at IS NULL)
    AND id IN (SELECT complaint_id FROM deadline WHERE kind <> 'objection' AND met_at IS NULL);
UPDATE ledger_entry SET due_on = (
    SELECT min(c.due_on) FROM complaint c
    WHERE c.entry_id = ledger_entry.id AND NOT c.hidden AND c.state <> 'withdrawn' AND c.closed_at IS NULL
)
WHERE id IN (
    SELECT c.entry_id FROM complaint c JOIN deadline d ON d.complaint_id = c.id
    WHERE d.kind = 'objection' AND d.met_at IS NULL
);

DROP TABLE deadline;
DROP TABLE hidden_review;

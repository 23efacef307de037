CREATE TABLE triage_claim (
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    staff_id UUID NOT NULL REFERENCES staff (id),
    claimed_at TIMESTAMPTZ NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (complaint_id)
);
CREATE INDEX triage_claim_staff_id_idx ON triage_claim (staff_id);
CREATE INDEX triage_claim_expires_at_idx ON triage_claim (expires_at);

CREATE TABLE triage_decision (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    action TEXT NOT NULL,
    reason TEXT,
    procedure TEXT,
    document TEXT,
    notice TEXT,
    transfer_to TEXT,
    decided_by UUID NOT NULL REFERENCES staff (id),
    decided_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX triage_decision_complaint_id_idx ON triage_decision (complaint_id);
CREATE INDEX triage_decision_decided_by_idx ON triage_decision (decided_by);

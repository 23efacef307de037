-- Persons are counted as the law counts them: an agent is none of those they speak for, and who left no
-- number is known by the blind index of their name.
ALTER TABLE petitioner ADD COLUMN name_key TEXT;
UPDATE complaint SET person_count = (
    SELECT count(*) FROM petitioner WHERE petitioner.complaint_id = complaint.id AND petitioner.kind <> 'reporter'
) WHERE id IN (SELECT complaint_id FROM petitioner WHERE kind = 'represented');

-- What complaints are compared by holds no agent from now on: the server files all anew when it finds none
-- filed.
DELETE FROM match_key;
DELETE FROM match_fact;

-- Who comes again with new facts is no repeat and is counted apart.
ALTER TABLE ledger_entry ADD COLUMN renewed_count INTEGER NOT NULL DEFAULT 0;
UPDATE ledger_entry SET renewed_count = (
    SELECT count(*) FROM complaint
    WHERE complaint.entry_id = ledger_entry.id AND complaint.link = 'confirmed' AND complaint.link_rule = 'R3'
      AND complaint.hidden = FALSE AND complaint.state <> 'withdrawn'
) WHERE id IN (SELECT entry_id FROM complaint WHERE link_rule = 'R3');
UPDATE ledger_entry SET repeat_count = repeat_count - renewed_count WHERE renewed_count > 0;

-- 复查 and 复核 of an answered petition: what was asked and decided elsewhere, when, and by which document.
CREATE TABLE petition_review (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    stage TEXT NOT NULL,
    step TEXT NOT NULL,
    happened_on DATE NOT NULL,
    outcome TEXT,
    document TEXT NOT NULL,
    document_no TEXT,
    recorded_by UUID NOT NULL REFERENCES staff (id),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX petition_review_complaint_id_stage_step_idx ON petition_review (complaint_id, stage, step);
CREATE INDEX petition_review_recorded_by_idx ON petition_review (recorded_by);

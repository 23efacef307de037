-- A visit belongs to a matter and answers any number of its complaints, the one it was ordered for first.
CREATE TABLE verification_complaint (
    verification_id UUID NOT NULL REFERENCES verification (id),
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (verification_id, complaint_id)
);
CREATE INDEX verification_complaint_complaint_id_idx ON verification_complaint (complaint_id);
INSERT INTO verification_complaint (verification_id, complaint_id, position)
SELECT id, complaint_id, 0 FROM verification;

ALTER TABLE verification ADD COLUMN entry_id UUID REFERENCES ledger_entry (id);
UPDATE verification SET entry_id = (SELECT entry_id FROM complaint WHERE complaint.id = verification.complaint_id);
ALTER TABLE verification ALTER COLUMN entry_id SET NOT NULL;
CREATE INDEX verification_entry_id_idx ON verification (entry_id);
ALTER TABLE verification DROP COLUMN complaint_id;

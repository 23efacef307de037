-- Of the complaints a visit answers the first is kept.
ALTER TABLE verification ADD COLUMN complaint_id UUID REFERENCES complaint (id);
UPDATE verification SET complaint_id = (
    SELECT c.complaint_id FROM verification_complaint c WHERE c.verification_id = verification.id
    ORDER BY c.position LIMIT 1
);
ALTER TABLE verification ALTER COLUMN complaint_id SET NOT NULL;
CREATE INDEX verification_complaint_id_idx ON verification (complaint_id);
DROP INDEX verification_entry_id_idx;
ALTER TABLE verification DROP COLUMN entry_id;
DROP TABLE verification_complaint;

DROP TABLE petition_review;
UPDATE ledger_entry SET repeat_count = repeat_count + renewed_count WHERE renewed_count > 0;
ALTER TABLE ledger_entry DROP COLUMN renewed_count;
DELETE FROM match_key;
DELETE FROM match_fact;
UPDATE complaint SET person_count = (SELECT count(*) FROM petitioner WHERE petitioner.complaint_id = complaint.id)
WHERE id IN (SELECT complaint_id FROM petitioner WHERE kind = 'represented');
ALTER TABLE petitioner DROP COLUMN name_key;

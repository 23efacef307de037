DELETE FROM match_key;
DELETE FROM match_fact;
UPDATE complaint SET person_count = (SELECT count(*) FROM petitioner WHERE petitioner.complaint_id = complaint.id)
WHERE id IN (SELECT complaint_id FROM petitioner WHERE kind = 'represented');
ALTER TABLE petitioner DROP COLUMN name_key;

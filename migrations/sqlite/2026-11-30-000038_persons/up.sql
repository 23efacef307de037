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

-- An upstream number that names somebody is sealed beside the complaint's words; its blind index
-- stands in the complaint's row. The premises' name as a key and an entry's object were read by nobody.
ALTER TABLE complaint_text ADD COLUMN external_no TEXT;
ALTER TABLE complaint_text DROP COLUMN premises_key;
ALTER TABLE ledger_entry DROP COLUMN object_id;

-- What complaints are compared by is bare of persons from now on: the server files all anew when it
-- finds none filed.
DELETE FROM match_key;
DELETE FROM match_fact;

-- Words of staff are sealed from now on; those from before once, by a job: a migration has no key.
INSERT INTO job (id, kind, payload, run_at, attempts, created_at)
SELECT gen_random_uuid(), 'seal_older', '{}', '2026-11-01 00:00:00+00', 0, '2026-11-01 00:00:00+00'
WHERE EXISTS (SELECT 1 FROM complaint);

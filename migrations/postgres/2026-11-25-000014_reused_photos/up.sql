-- Photos from before pictures were filed for finding them again are filed once, by a job: whether a
-- picture tells anything is known of its pixels alone.
INSERT INTO job (id, kind, payload, run_at, attempts, created_at)
SELECT gen_random_uuid(), 'file_photos', '{}', '2026-11-01T00:00:00Z', 0, '2026-11-01T00:00:00Z'
WHERE EXISTS (SELECT 1 FROM photo);

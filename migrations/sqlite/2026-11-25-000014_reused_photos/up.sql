-- Photos from before pictures were filed for finding them again are filed once, by a job: whether a
-- picture tells anything is known of its pixels alone.
INSERT INTO job (id, kind, payload, run_at, attempts, created_at)
SELECT randomblob(16), 'file_photos', '{}', '2026-11-01 00:00:00.000000+00:00', 0, '2026-11-01 00:00:00.000000+00:00'
WHERE EXISTS (SELECT 1 FROM photo);

-- Where a photo was taken stands in its sealed original; beside it the distance is kept.
ALTER TABLE photo DROP COLUMN gps_lon;
ALTER TABLE photo DROP COLUMN gps_lat;

-- What was kept before it was sealed is sealed once, by a job: a migration has no key.
INSERT INTO job (id, kind, payload, run_at, attempts, created_at)
SELECT randomblob(16), 'seal_older', '{}', '2026-11-01 00:00:00.000000+00:00', 0, '2026-11-01 00:00:00.000000+00:00'
WHERE EXISTS (SELECT 1 FROM complaint);

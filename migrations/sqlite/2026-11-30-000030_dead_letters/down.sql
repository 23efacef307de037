DROP TABLE notice;
DROP INDEX job_done_at_dead_at_run_at_idx;
CREATE INDEX job_done_at_run_at_idx ON job (done_at, run_at);
ALTER TABLE job DROP COLUMN dead_at;

-- A job that failed too often is set aside, and stays so until the operator has it tried again.
ALTER TABLE job ADD COLUMN dead_at TEXT;
DROP INDEX job_done_at_run_at_idx;
CREATE INDEX job_done_at_dead_at_run_at_idx ON job (done_at, dead_at, run_at);

-- From now on the operator reads over HTTP why a job failed. What earlier releases kept of errors may
-- quote what the job was about; the log has it, and the next failure writes it anew.
UPDATE job SET last_error = NULL WHERE last_error IS NOT NULL;

-- A notice that was sent, by its own id: the job that sends it may run twice.
CREATE TABLE notice (
    id BLOB NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    sent_at TEXT NOT NULL,
    PRIMARY KEY (id)
);

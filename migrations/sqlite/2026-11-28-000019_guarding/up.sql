-- A service files under its own channels alone.
CREATE TABLE staff_channel (
    staff_id BLOB NOT NULL REFERENCES staff (id),
    channel TEXT NOT NULL,
    PRIMARY KEY (staff_id, channel)
) WITHOUT ROWID;

-- Whether the blocked person had proved the number when they sent what they were blocked for.
ALTER TABLE sender_block_key ADD COLUMN proven BOOLEAN NOT NULL DEFAULT FALSE;

-- What is hidden is looked at all the same.
CREATE TABLE hidden_review (
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    due_on DATE NOT NULL,
    reviewed_by BLOB REFERENCES staff (id),
    reviewed_at TEXT,
    PRIMARY KEY (complaint_id)
);
CREATE INDEX hidden_review_due_on_idx ON hidden_review (due_on);
CREATE INDEX hidden_review_reviewed_by_idx ON hidden_review (reviewed_by);
INSERT INTO hidden_review (complaint_id, due_on)
SELECT id, substr(received_at, 1, 10) FROM complaint WHERE hidden;

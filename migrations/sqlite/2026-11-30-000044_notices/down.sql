DROP INDEX complaint_notices_idx;
UPDATE complaint SET untold_since = NULL WHERE untold_since IS NOT NULL;
ALTER TABLE complaint RENAME COLUMN untold_since TO device_time;
CREATE TABLE notice_after AS SELECT id, subject_id, sent_at FROM notice WHERE subject_kind = 'complaint' AND sent_at IS NOT NULL;
DROP TABLE notice;
CREATE TABLE notice (
    id BLOB NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    sent_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
INSERT INTO notice (id, complaint_id, sent_at) SELECT id, subject_id, sent_at FROM notice_after;
DROP TABLE notice_after;

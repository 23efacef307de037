-- A notice, whatever became of it. Of those that earlier releases sent only that is known.
CREATE TABLE notice_before AS SELECT id, complaint_id, sent_at FROM notice;
DROP TABLE notice;
CREATE TABLE notice (
    id BLOB NOT NULL PRIMARY KEY,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    event TEXT NOT NULL,
    channel TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    wording INTEGER,
    with_code BOOLEAN NOT NULL,
    recipient TEXT,
    text TEXT,
    attempts INTEGER NOT NULL,
    proof TEXT,
    evidence_id BLOB REFERENCES evidence (id),
    reason TEXT,
    recorded_by BLOB REFERENCES staff (id),
    created_at TEXT NOT NULL,
    sent_at TEXT,
    told_at TEXT,
    updated_at TEXT NOT NULL
);
INSERT INTO notice (id, subject_kind, subject_id, event, channel, state, version, with_code, attempts, created_at, sent_at, updated_at)
    SELECT id, 'complaint', complaint_id, 'updated', 'sms', 'sent', 1, FALSE, 1, sent_at, sent_at, sent_at FROM notice_before;
DROP TABLE notice_before;
CREATE INDEX notice_subject_id_id_idx ON notice (subject_id, id);

-- Since when the reporter of a complaint that was decided on waits to be told; nobody wrote this column before.
ALTER TABLE complaint RENAME COLUMN device_time TO untold_since;
UPDATE complaint SET untold_since = NULL WHERE untold_since IS NOT NULL;
UPDATE complaint SET untold_since = updated_at
    WHERE state IN ('accepted', 'refused', 'no_longer_accepted', 'transferred', 'in_progress', 'replied', 'follow_up', 'closed')
    AND EXISTS (SELECT 1 FROM clock WHERE clock.subject_kind = 'complaint' AND clock.subject_id = complaint.id
        AND clock.kind = 'notify' AND clock.met_at IS NULL AND clock.lapsed_at IS NULL);
CREATE INDEX complaint_notices_idx ON complaint (hidden, due_on, number, untold_since)
    WHERE untold_since IS NOT NULL;

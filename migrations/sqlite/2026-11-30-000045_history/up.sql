-- What came in as history happened before it was recorded: a step of the past says both.
ALTER TABLE record ADD COLUMN happened_at TEXT;

-- A run of the import: who took which file in, and what became of its rows. One that has no end was broken off.
CREATE TABLE import_batch (
    id BLOB NOT NULL,
    source TEXT NOT NULL,
    file TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,
    started_by BLOB REFERENCES staff (id),
    started_at TEXT NOT NULL,
    ended_at TEXT,
    rows_read BIGINT NOT NULL,
    rows_stored BIGINT NOT NULL,
    rows_known BIGINT NOT NULL,
    rows_refused BIGINT NOT NULL,
    faults TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX import_batch_started_at_id_idx ON import_batch (started_at, id);
CREATE INDEX import_batch_started_by_idx ON import_batch (started_by);

-- The row a complaint came from. Where its table has no upstream numbers, the row's own id keeps it from coming
-- twice. Complaints from before have that as their upstream number and keep it.
CREATE TABLE import_row (
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    batch_id BLOB NOT NULL REFERENCES import_batch (id),
    line BIGINT NOT NULL,
    row_key TEXT,
    PRIMARY KEY (complaint_id)
);
CREATE UNIQUE INDEX import_row_row_key_key ON import_row (row_key);
CREATE INDEX import_row_batch_id_idx ON import_row (batch_id);

-- What came in as history stands in the last band of ranks and in a list of its own, out of the lists of the day.
DROP INDEX complaint_replies_due_idx;
CREATE INDEX complaint_replies_due_idx ON complaint (hidden, due_on, number, state, queue_rank)
    WHERE state IN ('accepted', 'in_progress');
DROP INDEX complaint_provisional_links_idx;
CREATE INDEX complaint_provisional_links_idx ON complaint (hidden, due_on, number, link, closed_at, queue_rank)
    WHERE link = 'provisional' AND closed_at IS NULL;
DROP INDEX complaint_sent_elsewhere_idx;
CREATE INDEX complaint_sent_elsewhere_idx ON complaint (hidden, due_on, number, state, queue_rank)
    WHERE state = 'transferred';
CREATE INDEX complaint_imported_overdue_idx ON complaint (hidden, due_on, number, queue_rank, state)
    WHERE queue_rank >= 200000 AND state IN ('screening', 'awaiting_acceptance', 'accepted');

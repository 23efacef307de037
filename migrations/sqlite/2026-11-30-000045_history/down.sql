DROP INDEX complaint_imported_overdue_idx;
DROP INDEX complaint_sent_elsewhere_idx;
CREATE INDEX complaint_sent_elsewhere_idx ON complaint (hidden, due_on, number, state)
    WHERE state = 'transferred';
DROP INDEX complaint_provisional_links_idx;
CREATE INDEX complaint_provisional_links_idx ON complaint (hidden, due_on, number, link, closed_at)
    WHERE link = 'provisional' AND closed_at IS NULL;
DROP INDEX complaint_replies_due_idx;
CREATE INDEX complaint_replies_due_idx ON complaint (hidden, due_on, number, state)
    WHERE state IN ('accepted', 'in_progress');
DROP TABLE import_row;
DROP TABLE import_batch;
ALTER TABLE record DROP COLUMN happened_at;

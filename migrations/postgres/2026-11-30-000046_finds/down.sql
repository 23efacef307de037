-- What was found stays as what an older release knows.
UPDATE complaint SET state = 'awaiting_acceptance' WHERE state = 'to_study';
UPDATE complaint SET state = 'in_progress' WHERE state = 'taken_up';
UPDATE complaint SET state = 'closed' WHERE state = 'settled';
UPDATE complaint SET state = 'refused' WHERE state = 'dismissed';
DROP INDEX complaint_finds_taken_up_idx;
DROP TABLE find;
ALTER TABLE ledger_entry DROP COLUMN find_count;

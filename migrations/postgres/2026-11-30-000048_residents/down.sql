DROP TABLE matter_follow;
DROP INDEX ledger_entry_public_code_idx;
ALTER TABLE ledger_entry DROP COLUMN public_code;
DROP TABLE code_recovery;
DROP TABLE filer_key;
DROP TABLE reporter_wish;

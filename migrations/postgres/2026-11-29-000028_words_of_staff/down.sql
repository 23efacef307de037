ALTER TABLE ledger_entry ADD COLUMN object_id TEXT;
ALTER TABLE complaint_text ADD COLUMN premises_key TEXT;
ALTER TABLE complaint_text DROP COLUMN external_no;

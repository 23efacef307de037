DROP INDEX ledger_entry_strong_concern_idx;
DROP INDEX ledger_entry_category_id_idx;
DROP INDEX clock_duty_runs_idx;
DROP INDEX complaint_place_owed_street_code_idx;
DROP INDEX complaint_place_owed_grid_code_idx;
ALTER TABLE complaint_place DROP COLUMN owed;

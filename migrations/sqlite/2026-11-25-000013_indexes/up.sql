-- Each list is read in its order from an index that begins with what it is narrowed by.
DROP INDEX complaint_entry_id_idx;
CREATE INDEX complaint_entry_id_id_idx ON complaint (entry_id, id);
DROP INDEX complaint_state_category_idx;
CREATE INDEX complaint_state_id_idx ON complaint (state, id);
DROP INDEX complaint_place_street_code_idx;
CREATE INDEX complaint_place_street_code_complaint_id_idx ON complaint_place (street_code, complaint_id);
DROP INDEX complaint_place_grid_code_idx;
CREATE INDEX complaint_place_grid_code_complaint_id_idx ON complaint_place (grid_code, complaint_id);
DROP INDEX ledger_entry_merged_into_idx;
CREATE INDEX ledger_entry_merged_into_id_idx ON ledger_entry (merged_into, id);
DROP INDEX ledger_entry_street_code_state_idx;
CREATE INDEX ledger_entry_street_code_id_idx ON ledger_entry (street_code, id);

-- Whether somebody is owed an answer there still: of all places there ever were, few are of what waits.
ALTER TABLE complaint_place ADD COLUMN owed BOOLEAN NOT NULL DEFAULT TRUE;
UPDATE complaint_place SET owed = FALSE WHERE complaint_id IN (
    SELECT id FROM complaint
    WHERE state NOT IN ('registered', 'screening', 'awaiting_acceptance', 'returned', 'accepted', 'in_progress')
);
CREATE INDEX complaint_place_owed_grid_code_idx ON complaint_place (grid_code, complaint_id) WHERE owed;
CREATE INDEX complaint_place_owed_street_code_idx ON complaint_place (street_code, complaint_id) WHERE owed;

-- Whether a duty of a row runs is looked up here, and nowhere else: what is asked stands in the index.
CREATE INDEX clock_duty_runs_idx ON clock (subject_kind, subject_id, kind, due_on, met_at, lapsed_at, suspended_on)
    WHERE met_at IS NULL AND lapsed_at IS NULL AND suspended_on IS NULL;

-- Matters of a category that hardly occurs, and those that hardly occur, are not looked for among all others.
CREATE INDEX ledger_entry_category_id_idx ON ledger_entry (category, id);
CREATE INDEX ledger_entry_strong_concern_idx ON ledger_entry (merged_into, id) WHERE strong_concern;

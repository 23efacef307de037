ALTER TABLE triage_decision DROP COLUMN undone_at;
DROP TABLE revocable_decision;
DROP TABLE former_petitioner;

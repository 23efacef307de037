-- Blocks of senders are items of a register: they have a version, and when it came.
ALTER TABLE sender_block ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE sender_block ADD COLUMN updated_at TIMESTAMPTZ NOT NULL DEFAULT '-infinity';
UPDATE sender_block
SET version = CASE WHEN lifted_at IS NULL THEN 1 ELSE 2 END,
    updated_at = COALESCE(lifted_at, created_at);

-- What a list of premises is asked by leads to its rows in their order, however many others stand.
DROP INDEX premises_kind;
DROP INDEX premises_licence;
DROP INDEX premises_uscc;
DROP INDEX premises_street;
CREATE INDEX premises_kind ON premises (kind, withdrawn, id);
CREATE INDEX premises_licence ON premises (licence, withdrawn, id);
CREATE INDEX premises_uscc ON premises (uscc, withdrawn, id);
CREATE INDEX premises_street ON premises (street_code, withdrawn, id);

DROP TABLE ledger_decision;
DROP TABLE ledger_merge;
DROP TABLE ledger_entry;

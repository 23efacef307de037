DROP TABLE triage_decision;
DROP TABLE triage_claim;

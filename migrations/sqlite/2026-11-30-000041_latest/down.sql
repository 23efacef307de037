DROP INDEX match_verdict_complaint_id_id_idx;
CREATE INDEX match_verdict_complaint_id_decided_at_idx ON match_verdict (complaint_id, decided_at);
DROP INDEX triage_decision_complaint_id_id_idx;
CREATE INDEX triage_decision_complaint_id_idx ON triage_decision (complaint_id);

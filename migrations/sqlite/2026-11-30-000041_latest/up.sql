-- The last decision and the last verdict of a complaint, in the order of their ids, which no clock that is set back
-- disturbs.
DROP INDEX triage_decision_complaint_id_idx;
CREATE INDEX triage_decision_complaint_id_id_idx ON triage_decision (complaint_id, id);
DROP INDEX match_verdict_complaint_id_decided_at_idx;
CREATE INDEX match_verdict_complaint_id_id_idx ON match_verdict (complaint_id, id);

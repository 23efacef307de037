-- What left the queue is nobody's to decide on; what is hidden or was decided on never stood in it.
UPDATE complaint SET in_queue = 0 WHERE in_queue AND (hidden OR state NOT IN ('screening', 'awaiting_acceptance'));
DELETE FROM triage_claim WHERE complaint_id IN (SELECT id FROM complaint WHERE NOT in_queue);

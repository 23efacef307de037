DROP TABLE known_device;
DROP INDEX session_subject_id_idx;
DROP INDEX session_parent_id_idx;
ALTER TABLE session DROP COLUMN opened_at;
ALTER TABLE session DROP COLUMN device;
ALTER TABLE session DROP COLUMN parent_id;

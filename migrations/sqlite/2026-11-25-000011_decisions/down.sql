DROP TABLE photo_band;
DROP INDEX deadline_provisional_id_idx;
DROP INDEX complaint_link_id_idx;
ALTER TABLE match_decision DROP COLUMN undone_at;
ALTER TABLE match_decision DROP COLUMN kept;

ALTER TABLE match_decision ADD COLUMN kept TEXT;
ALTER TABLE match_decision ADD COLUMN undone_at TEXT;
CREATE INDEX complaint_link_id_idx ON complaint (link, id);

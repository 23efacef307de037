ALTER TABLE match_decision ADD COLUMN kept JSONB;
ALTER TABLE match_decision ADD COLUMN undone_at TIMESTAMPTZ;
CREATE INDEX complaint_link_id_idx ON complaint (link, id);

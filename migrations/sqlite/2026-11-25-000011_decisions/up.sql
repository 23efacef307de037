ALTER TABLE match_decision ADD COLUMN kept TEXT;
ALTER TABLE match_decision ADD COLUMN undone_at TEXT;
CREATE INDEX complaint_link_id_idx ON complaint (link, id);
CREATE INDEX deadline_provisional_id_idx ON deadline (provisional, id);

CREATE TABLE photo_band (
    key INTEGER NOT NULL,
    photo_id BLOB NOT NULL REFERENCES photo (id),
    PRIMARY KEY (key, photo_id)
) WITHOUT ROWID;
CREATE INDEX photo_band_photo_id_idx ON photo_band (photo_id);

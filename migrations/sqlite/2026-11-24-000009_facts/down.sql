DROP TABLE match_fact;
DROP TABLE match_key;

CREATE TABLE match_key (
    key TEXT NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    PRIMARY KEY (key, complaint_id)
) WITHOUT ROWID;
CREATE INDEX match_key_complaint_id_idx ON match_key (complaint_id);

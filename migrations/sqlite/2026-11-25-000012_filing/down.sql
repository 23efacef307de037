DROP TABLE match_key;
DROP TABLE match_fact;

CREATE TABLE match_key (
    key BIGINT NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    PRIMARY KEY (key, complaint_id)
) WITHOUT ROWID;
CREATE INDEX match_key_complaint_id_idx ON match_key (complaint_id);

CREATE TABLE match_fact (
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    data BLOB NOT NULL,
    PRIMARY KEY (complaint_id)
);

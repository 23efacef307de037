DROP TABLE match_fact;
DROP TABLE match_key;

CREATE TABLE match_fact (
    seq INTEGER NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    data BLOB NOT NULL,
    keys BLOB NOT NULL,
    PRIMARY KEY (seq)
);
CREATE UNIQUE INDEX match_fact_complaint_id_idx ON match_fact (complaint_id);

CREATE TABLE match_key (
    key BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (key, seq)
) WITHOUT ROWID;

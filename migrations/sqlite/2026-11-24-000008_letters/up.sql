DROP TABLE sender_block;

CREATE TABLE sender_block (
    id BLOB NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    reason TEXT NOT NULL,
    created_by BLOB NOT NULL REFERENCES staff (id),
    created_at TEXT NOT NULL,
    lifted_by BLOB REFERENCES staff (id),
    lifted_at TEXT,
    PRIMARY KEY (id)
);
CREATE INDEX sender_block_complaint_id_idx ON sender_block (complaint_id);
CREATE INDEX sender_block_created_by_idx ON sender_block (created_by);
CREATE INDEX sender_block_lifted_by_idx ON sender_block (lifted_by);

CREATE TABLE sender_block_key (
    key TEXT NOT NULL,
    block_id BLOB NOT NULL REFERENCES sender_block (id),
    PRIMARY KEY (key, block_id)
) WITHOUT ROWID;
CREATE INDEX sender_block_key_block_id_idx ON sender_block_key (block_id);

CREATE TABLE complaint_sender (
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    key TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (complaint_id)
);
CREATE INDEX complaint_sender_created_at_idx ON complaint_sender (created_at);

CREATE TABLE complaint_part (
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    letter_id BLOB NOT NULL REFERENCES complaint (id),
    split_by BLOB NOT NULL REFERENCES staff (id),
    created_at TEXT NOT NULL,
    PRIMARY KEY (complaint_id)
);
CREATE INDEX complaint_part_letter_id_idx ON complaint_part (letter_id);
CREATE INDEX complaint_part_split_by_idx ON complaint_part (split_by);

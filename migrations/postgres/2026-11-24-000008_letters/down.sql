DROP TABLE complaint_part;
DROP TABLE complaint_sender;
DROP TABLE sender_block_key;
DROP TABLE sender_block;

CREATE TABLE sender_block (
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_by UUID NOT NULL REFERENCES staff (id),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (key)
);
CREATE INDEX sender_block_created_by_idx ON sender_block (created_by);

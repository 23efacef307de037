-- Complaints are found by terms: pairs of letters of their masked words, and what they are filed by. Each has a
-- number here, in the order of filing.
CREATE TABLE search_item (
    seq BIGINT NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    edition INTEGER NOT NULL,
    PRIMARY KEY (seq)
);
CREATE UNIQUE INDEX search_item_complaint_id_idx ON search_item (complaint_id);
-- What is filed by the terms of an older edition, or by none, is filed anew.
CREATE INDEX search_item_edition_seq_idx ON search_item (edition, seq);

-- What came lately under a term, one row for each complaint; it is moved to the blocks from time to time.
CREATE TABLE search_term (
    term BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (term, seq)
);

-- What is under a term, one row for each 4,096 numbers.
CREATE TABLE search_block (
    term BIGINT NOT NULL,
    block BIGINT NOT NULL,
    items BYTEA NOT NULL,
    PRIMARY KEY (term, block)
);

INSERT INTO search_item (seq, complaint_id, edition)
    SELECT row_number() OVER (ORDER BY id), id, 0 FROM complaint;
INSERT INTO sequence (name, next) SELECT 'search', COUNT(*) + 1 FROM complaint;

-- Who looks for a person's complaints looks behind the mask, whether there are any or not.
CREATE TABLE person_search (
    id UUID NOT NULL,
    staff_id UUID NOT NULL REFERENCES staff (id),
    at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX person_search_staff_id_at_idx ON person_search (staff_id, at);
ALTER TABLE unmasking ADD COLUMN search_id UUID;

-- Of all there ever was, a duty runs for few, and of these it ran out for fewer.
CREATE INDEX complaint_owed_idx ON complaint (hidden, due_on, id)
    WHERE state IN ('registered', 'screening', 'awaiting_acceptance', 'returned', 'accepted', 'in_progress');

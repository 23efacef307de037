ALTER TABLE resident ADD COLUMN sealed_phone BLOB;
ALTER TABLE sender_block ADD COLUMN expires_at TEXT;
-- Only of what is hidden: hardly anything is, and what is not must never be looked for by it.
CREATE INDEX complaint_hidden_id_idx ON complaint (id) WHERE hidden;

CREATE TABLE rating_by_reply (
    reply_id BLOB NOT NULL REFERENCES reply (id),
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    score TEXT NOT NULL,
    text_masked TEXT,
    text TEXT,
    wants_reopening BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (reply_id)
);
INSERT INTO rating_by_reply (reply_id, complaint_id, score, text_masked, text, wants_reopening, created_at)
SELECT (SELECT reply.id FROM reply
        WHERE reply.complaint_id = rating.complaint_id AND reply.kind = 'final' AND reply.created_at <= rating.created_at
        ORDER BY reply.id DESC LIMIT 1),
    complaint_id, score, text_masked, text, wants_reopening, created_at
FROM rating;
DROP TABLE rating;
ALTER TABLE rating_by_reply RENAME TO rating;
CREATE INDEX rating_complaint_id_idx ON rating (complaint_id);

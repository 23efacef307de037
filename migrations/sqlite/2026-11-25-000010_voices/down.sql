DROP INDEX complaint_hidden_id_idx;
ALTER TABLE sender_block DROP COLUMN expires_at;
ALTER TABLE resident DROP COLUMN sealed_phone;

CREATE TABLE rating_by_complaint (
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    score TEXT NOT NULL,
    text_masked TEXT,
    text TEXT,
    wants_reopening BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (complaint_id)
);
INSERT INTO rating_by_complaint (complaint_id, score, text_masked, text, wants_reopening, created_at)
SELECT complaint_id, score, text_masked, text, wants_reopening, created_at
FROM rating
WHERE NOT EXISTS (SELECT 1 FROM rating AS later
    WHERE later.complaint_id = rating.complaint_id AND later.reply_id > rating.reply_id);
DROP TABLE rating;
ALTER TABLE rating_by_complaint RENAME TO rating;

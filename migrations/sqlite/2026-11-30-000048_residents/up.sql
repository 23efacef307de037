-- 保密: what a reporter wishes of who they are, where they wish anything. Whoever wishes nothing has no row.
CREATE TABLE reporter_wish (
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    secrecy BOOLEAN NOT NULL,
    naming_consent BOOLEAN NOT NULL,
    words TEXT,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (complaint_id)
);

-- The blind indexes of who filed a complaint, so that the holder of a phone finds what was filed with it.
CREATE TABLE filer_key (
    key TEXT NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    PRIMARY KEY (key, complaint_id)
);
CREATE INDEX filer_key_complaint_id_idx ON filer_key (complaint_id);
INSERT INTO filer_key (key, complaint_id)
SELECT DISTINCT filed.value, petitioner.complaint_id
FROM petitioner JOIN json_each(petitioner.person_keys) AS filed
WHERE petitioner.kind = 'reporter';

-- Lost tracking codes that were sent again, so that none is sent twice and no phone gets many.
CREATE TABLE code_recovery (
    id BLOB NOT NULL,
    phone_key TEXT NOT NULL,
    sent_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX code_recovery_phone_key_sent_at_idx ON code_recovery (phone_key, sent_at);
CREATE INDEX code_recovery_sent_at_idx ON code_recovery (sent_at);

-- What the public calls a matter: numbers of entries can be counted through, this cannot.
ALTER TABLE ledger_entry ADD COLUMN public_code TEXT;
UPDATE ledger_entry SET public_code = upper(hex(randomblob(10)));
CREATE UNIQUE INDEX ledger_entry_public_code_idx ON ledger_entry (public_code);

-- A matter a resident follows, and what they saw of it last. A merge changes nothing here: the entry says where it went.
CREATE TABLE matter_follow (
    id BLOB NOT NULL,
    resident_id BLOB NOT NULL REFERENCES resident (id),
    entry_id BLOB NOT NULL REFERENCES ledger_entry (id),
    seen_entry_id BLOB NOT NULL REFERENCES ledger_entry (id),
    seen_stage TEXT NOT NULL,
    seen_voices TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX matter_follow_resident_id_entry_id_idx ON matter_follow (resident_id, entry_id);
CREATE INDEX matter_follow_resident_id_id_idx ON matter_follow (resident_id, id);
CREATE INDEX matter_follow_entry_id_idx ON matter_follow (entry_id);
CREATE INDEX matter_follow_seen_entry_id_idx ON matter_follow (seen_entry_id);

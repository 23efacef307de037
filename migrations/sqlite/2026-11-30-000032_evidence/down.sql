-- Evidence of other subjects has no place in the former tables.
CREATE TABLE photo (
    id BLOB NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    verification_id BLOB,
    role TEXT NOT NULL,
    status TEXT NOT NULL,
    problem TEXT,
    file_name TEXT,
    sha256 TEXT NOT NULL,
    media_type TEXT,
    size_bytes BIGINT NOT NULL,
    width INTEGER,
    height INTEGER,
    perceptual_hash TEXT,
    taken_at TEXT,
    device_clock TEXT,
    orientation INTEGER,
    device TEXT,
    distance_m DOUBLE,
    has_derivatives BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    remarks TEXT,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX photo_complaint_id_sha256_role_key ON photo (complaint_id, sha256, role);
CREATE INDEX photo_sha256_idx ON photo (sha256);
CREATE INDEX photo_verification_id_idx ON photo (verification_id);

-- A complaint had each file once in a role, also when several visits to it had it.
INSERT INTO photo (id, complaint_id, verification_id, role,
    status, problem, file_name, sha256, media_type, size_bytes, width, height,
    perceptual_hash, taken_at, device_clock, orientation, device, distance_m, has_derivatives, created_at, remarks)
SELECT evidence.id, COALESCE(verification.complaint_id, evidence.subject_id), verification.id, role,
    status, problem, file_name, sha256, media_type, size_bytes, width, height,
    perceptual_hash, taken_at, device_clock, orientation, device, distance_m, has_derivatives, evidence.created_at, remarks
FROM evidence LEFT JOIN verification ON verification.id = evidence.subject_id
WHERE subject_kind IN ('complaint', 'verification')
ORDER BY evidence.id
ON CONFLICT DO NOTHING;

CREATE TABLE photo_band (
    key INTEGER NOT NULL,
    photo_id BLOB NOT NULL REFERENCES photo (id),
    PRIMARY KEY (key, photo_id)
) WITHOUT ROWID;
CREATE INDEX photo_band_photo_id_idx ON photo_band (photo_id);
INSERT INTO photo_band (key, photo_id)
SELECT key, evidence_id FROM evidence_band WHERE evidence_id IN (SELECT id FROM photo);

DROP TABLE evidence_band;
DROP TABLE evidence;

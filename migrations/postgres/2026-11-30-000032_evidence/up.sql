-- Photos of complaints and photos of visits become evidence of whatever they belong to. The names of
-- their files stay sealed as they are: they go on under the former table's name.
CREATE TABLE evidence (
    id UUID NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    kind TEXT,
    role TEXT NOT NULL,
    phase TEXT NOT NULL,
    source TEXT NOT NULL,
    status TEXT NOT NULL,
    problem TEXT,
    file_name TEXT,
    sha256 TEXT NOT NULL,
    media_type TEXT,
    size_bytes BIGINT NOT NULL,
    width INTEGER,
    height INTEGER,
    perceptual_hash TEXT,
    taken_at TIMESTAMPTZ,
    device_clock TEXT,
    device_time TIMESTAMPTZ,
    orientation INTEGER,
    device TEXT,
    distance_m DOUBLE PRECISION,
    has_derivatives BOOLEAN NOT NULL,
    remarks TEXT,
    upload_id TEXT,
    uploaded_by UUID REFERENCES staff (id),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX evidence_subject_id_sha256_role_key ON evidence (subject_id, sha256, role);
CREATE INDEX evidence_sha256_idx ON evidence (sha256);
CREATE INDEX evidence_uploaded_by_idx ON evidence (uploaded_by);

INSERT INTO evidence (id, subject_kind, subject_id, kind, role, phase, source,
    status, problem, file_name, sha256, media_type, size_bytes, width, height,
    perceptual_hash, taken_at, device_clock, orientation, device, distance_m, has_derivatives, created_at, remarks)
SELECT photo.id,
    CASE WHEN verification_id IS NULL THEN 'complaint' ELSE 'verification' END,
    COALESCE(verification_id, complaint_id),
    CASE WHEN role = 'file' AND media_type IS NULL THEN NULL
        WHEN role = 'file' AND media_type LIKE 'image/%' THEN 'scan'
        WHEN media_type IS NULL OR media_type LIKE 'image/%' THEN 'photo'
        WHEN media_type LIKE 'audio/%' THEN 'sound'
        WHEN media_type LIKE 'video/%' THEN 'video'
        ELSE 'pdf' END,
    role, 'none',
    CASE WHEN verification_id IS NOT NULL THEN 'officer'
        WHEN complaint.channel = 'app' THEN 'reporter'
        ELSE 'staff' END,
    photo.status, problem, file_name, sha256, media_type, size_bytes, width, height,
    perceptual_hash, taken_at, device_clock, orientation, device, distance_m, has_derivatives, photo.created_at, remarks
FROM photo JOIN complaint ON complaint.id = photo.complaint_id;

CREATE TABLE evidence_band (
    key INTEGER NOT NULL,
    evidence_id UUID NOT NULL REFERENCES evidence (id),
    PRIMARY KEY (key, evidence_id)
);
CREATE INDEX evidence_band_evidence_id_idx ON evidence_band (evidence_id);
INSERT INTO evidence_band (key, evidence_id) SELECT key, photo_id FROM photo_band;

DROP TABLE photo_band;
DROP TABLE photo;

-- Who stood on a petition before a correction. They may be named in its words, so they go on being masked
-- there; nobody is counted, compared or told by them.
CREATE TABLE former_petitioner (
    id UUID NOT NULL PRIMARY KEY,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    kind TEXT NOT NULL,
    sealed BYTEA,
    created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX former_petitioner_complaint_id_idx ON former_petitioner (complaint_id, id);

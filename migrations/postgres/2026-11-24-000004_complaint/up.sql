CREATE TABLE complaint (
    id UUID NOT NULL,
    number TEXT NOT NULL,
    tracking_code TEXT NOT NULL,
    channel TEXT NOT NULL,
    external_no TEXT,
    source_class TEXT,
    discovery_mode TEXT NOT NULL,
    category TEXT NOT NULL,
    coarse TEXT NOT NULL,
    demand TEXT,
    occurred_at TIMESTAMPTZ,
    occurred_until TIMESTAMPTZ,
    state TEXT NOT NULL,
    procedure TEXT,
    entry_id UUID NOT NULL REFERENCES ledger_entry (id),
    link TEXT NOT NULL,
    link_rule TEXT,
    repeat_of UUID REFERENCES complaint (id),
    anonymous BOOLEAN NOT NULL,
    person_count INTEGER NOT NULL,
    resident_id UUID REFERENCES resident (id),
    hidden BOOLEAN NOT NULL,
    risk INTEGER NOT NULL,
    flags JSONB NOT NULL,
    due_on DATE NOT NULL,
    in_queue BOOLEAN NOT NULL,
    queue_rank INTEGER NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    device_time TIMESTAMPTZ,
    closed_at TIMESTAMPTZ,
    version INTEGER NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX complaint_number_key ON complaint (number);
CREATE UNIQUE INDEX complaint_tracking_code_key ON complaint (tracking_code);
CREATE UNIQUE INDEX complaint_channel_external_no_key ON complaint (channel, external_no);
CREATE INDEX complaint_entry_id_idx ON complaint (entry_id);
CREATE INDEX complaint_in_queue_queue_rank_due_on_number_idx ON complaint (in_queue, queue_rank, due_on, number);
CREATE INDEX complaint_resident_id_id_idx ON complaint (resident_id, id);
CREATE INDEX complaint_repeat_of_idx ON complaint (repeat_of);
CREATE INDEX complaint_state_category_idx ON complaint (state, category);

CREATE TABLE complaint_text (
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    description TEXT NOT NULL,
    description_masked TEXT NOT NULL,
    address TEXT,
    address_masked TEXT,
    premises TEXT,
    premises_key TEXT,
    object_id TEXT,
    title TEXT,
    PRIMARY KEY (complaint_id)
);

CREATE TABLE complaint_place (
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    kind TEXT NOT NULL,
    raw_lon DOUBLE PRECISION,
    raw_lat DOUBLE PRECISION,
    datum TEXT,
    accuracy_m DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    lat DOUBLE PRECISION,
    cell BIGINT,
    place_name TEXT,
    street_code TEXT,
    grid_code TEXT,
    PRIMARY KEY (complaint_id)
);
CREATE INDEX complaint_place_grid_code_idx ON complaint_place (grid_code);
CREATE INDEX complaint_place_street_code_idx ON complaint_place (street_code);

CREATE TABLE petitioner (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    position INTEGER NOT NULL,
    kind TEXT NOT NULL,
    sealed BYTEA,
    person_keys JSONB NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    erased_at TIMESTAMPTZ,
    PRIMARY KEY (id)
);
CREATE INDEX petitioner_complaint_id_position_idx ON petitioner (complaint_id, position);

CREATE TABLE deadline (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    kind TEXT NOT NULL,
    amount INTEGER NOT NULL,
    unit TEXT NOT NULL,
    roll_forward BOOLEAN NOT NULL,
    source TEXT NOT NULL,
    started_on DATE NOT NULL,
    due_on DATE NOT NULL,
    provisional BOOLEAN NOT NULL,
    met_at TIMESTAMPTZ,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX deadline_complaint_id_kind_key ON deadline (complaint_id, kind);
CREATE INDEX deadline_due_on_idx ON deadline (due_on);

CREATE TABLE supplement (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    text TEXT NOT NULL,
    text_masked TEXT NOT NULL,
    new_facts BOOLEAN NOT NULL,
    occurred_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX supplement_complaint_id_idx ON supplement (complaint_id);

CREATE TABLE reply (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    kind TEXT NOT NULL,
    document TEXT NOT NULL,
    text TEXT NOT NULL,
    text_masked TEXT NOT NULL,
    written_by UUID NOT NULL REFERENCES staff (id),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX reply_complaint_id_idx ON reply (complaint_id);
CREATE INDEX reply_written_by_idx ON reply (written_by);

CREATE TABLE rating (
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    score TEXT NOT NULL,
    text_masked TEXT,
    text TEXT,
    wants_reopening BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (complaint_id)
);

CREATE TABLE photo (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    verification_id UUID,
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
    taken_at TIMESTAMPTZ,
    device_clock TEXT,
    gps_lon DOUBLE PRECISION,
    gps_lat DOUBLE PRECISION,
    orientation INTEGER,
    device TEXT,
    distance_m DOUBLE PRECISION,
    has_derivatives BOOLEAN NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX photo_complaint_id_sha256_role_key ON photo (complaint_id, sha256, role);
CREATE INDEX photo_sha256_idx ON photo (sha256);
CREATE INDEX photo_verification_id_idx ON photo (verification_id);

CREATE TABLE sender_block (
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_by UUID NOT NULL REFERENCES staff (id),
    created_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (key)
);
CREATE INDEX sender_block_created_by_idx ON sender_block (created_by);

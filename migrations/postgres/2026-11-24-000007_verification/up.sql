CREATE TABLE verification (
    id UUID NOT NULL,
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    grid_code TEXT NOT NULL,
    officer_id UUID REFERENCES staff (id),
    state TEXT NOT NULL,
    lon DOUBLE PRECISION,
    lat DOUBLE PRECISION,
    radius_m DOUBLE PRECISION NOT NULL,
    band_from INTEGER,
    band_to INTEGER,
    instructions TEXT,
    due_on DATE,
    assigned_at TIMESTAMPTZ,
    result TEXT,
    dispatched_by UUID NOT NULL REFERENCES staff (id),
    version INTEGER NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    updated_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX verification_complaint_id_idx ON verification (complaint_id);
CREATE INDEX verification_officer_id_state_idx ON verification (officer_id, state);
CREATE INDEX verification_grid_code_state_idx ON verification (grid_code, state);
CREATE INDEX verification_dispatched_by_idx ON verification (dispatched_by);

CREATE TABLE verification_event (
    id UUID NOT NULL,
    verification_id UUID NOT NULL REFERENCES verification (id),
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    officer_id UUID NOT NULL REFERENCES staff (id),
    raw_lon DOUBLE PRECISION,
    raw_lat DOUBLE PRECISION,
    datum TEXT,
    accuracy_m DOUBLE PRECISION,
    lon DOUBLE PRECISION,
    lat DOUBLE PRECISION,
    distance_m DOUBLE PRECISION,
    in_grid BOOLEAN,
    result TEXT,
    notes TEXT,
    notes_masked TEXT,
    reason TEXT,
    same_time_of_day BOOLEAN,
    late BOOLEAN NOT NULL,
    device_time TIMESTAMPTZ NOT NULL,
    received_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX verification_event_verification_id_client_id_key ON verification_event (verification_id, client_id);
CREATE INDEX verification_event_officer_id_idx ON verification_event (officer_id);

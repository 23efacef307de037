-- A visit belongs to a matter and answers any number of its complaints, the one it was ordered for first.
CREATE TABLE verification_event_before AS SELECT * FROM verification_event;
DROP TABLE verification_event;
CREATE TABLE verification_before AS SELECT * FROM verification;
DROP TABLE verification;

CREATE TABLE verification (
    id BLOB NOT NULL,
    grid_code TEXT NOT NULL,
    officer_id BLOB REFERENCES staff (id),
    state TEXT NOT NULL,
    lon DOUBLE,
    lat DOUBLE,
    radius_m DOUBLE NOT NULL,
    band_from INTEGER,
    band_to INTEGER,
    instructions TEXT,
    due_on DATE,
    assigned_at TEXT,
    result TEXT,
    dispatched_by BLOB NOT NULL REFERENCES staff (id),
    version INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    entry_id BLOB NOT NULL REFERENCES ledger_entry (id),
    PRIMARY KEY (id)
);
CREATE INDEX verification_entry_id_idx ON verification (entry_id);
CREATE INDEX verification_officer_id_state_idx ON verification (officer_id, state);
CREATE INDEX verification_grid_code_state_idx ON verification (grid_code, state);
CREATE INDEX verification_dispatched_by_idx ON verification (dispatched_by);
INSERT INTO verification (id, entry_id,
    grid_code, officer_id, state, lon, lat, radius_m, band_from, band_to, instructions,
    due_on, assigned_at, result, dispatched_by, version, created_at, updated_at)
SELECT b.id, complaint.entry_id,
    b.grid_code, b.officer_id, b.state, b.lon, b.lat, b.radius_m, b.band_from, b.band_to, b.instructions,
    b.due_on, b.assigned_at, b.result, b.dispatched_by, b.version, b.created_at, b.updated_at
FROM verification_before b JOIN complaint ON complaint.id = b.complaint_id;

CREATE TABLE verification_event (
    id BLOB NOT NULL,
    verification_id BLOB NOT NULL REFERENCES verification (id),
    kind TEXT NOT NULL,
    client_id TEXT NOT NULL,
    officer_id BLOB NOT NULL REFERENCES staff (id),
    raw_lon DOUBLE,
    raw_lat DOUBLE,
    datum TEXT,
    accuracy_m DOUBLE,
    lon DOUBLE,
    lat DOUBLE,
    distance_m DOUBLE,
    in_grid BOOLEAN,
    result TEXT,
    notes TEXT,
    notes_masked TEXT,
    reason TEXT,
    same_time_of_day BOOLEAN,
    late BOOLEAN NOT NULL,
    device_time TEXT NOT NULL,
    received_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX verification_event_verification_id_client_id_key ON verification_event (verification_id, client_id);
CREATE INDEX verification_event_officer_id_idx ON verification_event (officer_id);
INSERT INTO verification_event SELECT * FROM verification_event_before;
DROP TABLE verification_event_before;

CREATE TABLE verification_complaint (
    verification_id BLOB NOT NULL REFERENCES verification (id),
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    position INTEGER NOT NULL,
    PRIMARY KEY (verification_id, complaint_id)
);
CREATE INDEX verification_complaint_complaint_id_idx ON verification_complaint (complaint_id);
INSERT INTO verification_complaint (verification_id, complaint_id, position)
SELECT id, complaint_id, 0 FROM verification_before;
DROP TABLE verification_before;

CREATE TABLE premises (
    id BLOB NOT NULL PRIMARY KEY,
    version INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    licence TEXT,
    uscc TEXT,
    address TEXT,
    raw_lon DOUBLE,
    raw_lat DOUBLE,
    datum TEXT,
    lon DOUBLE,
    lat DOUBLE,
    street_code TEXT,
    grid_code TEXT,
    withdrawn BOOLEAN NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
);
CREATE INDEX premises_standing ON premises (withdrawn, id);
CREATE INDEX premises_name_key ON premises (name_key);
CREATE INDEX premises_kind ON premises (kind, id);
CREATE INDEX premises_licence ON premises (licence);
CREATE INDEX premises_uscc ON premises (uscc);
CREATE INDEX premises_street ON premises (street_code, id);
-- Of those that stand, one has the code.
CREATE UNIQUE INDEX premises_one_of_a_uscc ON premises (uscc) WHERE NOT withdrawn;

CREATE TABLE premises_alias (
    premises_id BLOB NOT NULL REFERENCES premises (id),
    position INTEGER NOT NULL,
    name TEXT NOT NULL,
    key TEXT NOT NULL,
    PRIMARY KEY (premises_id, position)
);
CREATE INDEX premises_alias_key ON premises_alias (key);

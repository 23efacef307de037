CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    status INTEGER,
    location TEXT,
    body TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_created_at_idx ON idempotency (created_at);

CREATE TABLE job (
    id BLOB NOT NULL,
    kind TEXT NOT NULL,
    payload TEXT NOT NULL,
    run_at TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    locked_until TEXT,
    last_error TEXT,
    done_at TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX job_done_at_run_at_idx ON job (done_at, run_at);

CREATE TABLE sequence (
    name TEXT NOT NULL,
    next BIGINT NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE record (
    id BLOB NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id BLOB NOT NULL,
    event TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT,
    actor_kind TEXT NOT NULL,
    actor_id BLOB,
    actor_name TEXT NOT NULL,
    reason TEXT,
    detail TEXT NOT NULL,
    device_time TEXT,
    at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX record_subject_id_id_idx ON record (subject_id, id);

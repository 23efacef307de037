-- Each look behind a mask.
CREATE TABLE unmasking (
    id BLOB NOT NULL,
    complaint_id BLOB NOT NULL REFERENCES complaint (id),
    staff_id BLOB NOT NULL REFERENCES staff (id),
    role TEXT NOT NULL,
    purpose TEXT NOT NULL,
    reason TEXT NOT NULL,
    alarm BOOLEAN NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX unmasking_complaint_id_id_idx ON unmasking (complaint_id, id);
CREATE INDEX unmasking_staff_id_at_idx ON unmasking (staff_id, at);

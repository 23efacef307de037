DROP TABLE record;
DROP TABLE sequence;
DROP TABLE job;
DROP TABLE idempotency;

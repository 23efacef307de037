ALTER TABLE evidence DROP COLUMN clock_offset_ms;
ALTER TABLE verification_event DROP COLUMN clock_offset_ms;

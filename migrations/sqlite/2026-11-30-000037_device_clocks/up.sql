-- By how many milliseconds our clock was ahead of the sending device's, where the device said what its own showed.
ALTER TABLE verification_event ADD COLUMN clock_offset_ms BIGINT;
ALTER TABLE evidence ADD COLUMN clock_offset_ms BIGINT;

ALTER TABLE resident_otp DROP COLUMN attempts_elsewhere;
ALTER TABLE resident_otp DROP COLUMN asked_from;

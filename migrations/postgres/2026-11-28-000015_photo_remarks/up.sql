-- What was odd about a photo that is kept: codes with commas between, NULL for nothing.
ALTER TABLE photo ADD COLUMN remarks TEXT;

-- Who asked for a code guesses apart from everybody else, so that a stranger who knows the number
-- cannot use up the attempts of its owner. A blind index of the address, for five minutes.
ALTER TABLE resident_otp ADD COLUMN asked_from TEXT NOT NULL DEFAULT '';
ALTER TABLE resident_otp ADD COLUMN attempts_elsewhere INTEGER NOT NULL DEFAULT 0;

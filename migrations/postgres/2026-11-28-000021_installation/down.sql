DROP INDEX resident_otp_expires_at_idx;
DROP TABLE key_rotation;
DROP TABLE secret_key;
DROP TABLE installation;

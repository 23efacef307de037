DROP TABLE verification_event;
DROP TABLE verification;

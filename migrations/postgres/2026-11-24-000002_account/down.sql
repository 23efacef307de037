DROP TABLE resident_otp;
DROP TABLE resident;
DROP TABLE session;
DROP TABLE staff;

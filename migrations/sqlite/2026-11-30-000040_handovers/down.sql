DROP TABLE handover;

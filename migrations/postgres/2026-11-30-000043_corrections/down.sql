DROP TABLE former_petitioner;

DROP TABLE unmasking;

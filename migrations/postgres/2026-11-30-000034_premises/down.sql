DROP TABLE premises_alias;
DROP TABLE premises;

DROP TABLE match_decision;
DROP TABLE match_verdict;
DROP TABLE match_key;

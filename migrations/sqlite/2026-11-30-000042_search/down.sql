DROP INDEX complaint_owed_idx;
ALTER TABLE unmasking DROP COLUMN search_id;
DROP TABLE person_search;
DELETE FROM sequence WHERE name = 'search';
DROP TABLE search_block;
DROP TABLE search_term;
DROP TABLE search_item;

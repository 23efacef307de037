DROP TABLE hidden_review;
ALTER TABLE sender_block_key DROP COLUMN proven;
DROP TABLE staff_channel;

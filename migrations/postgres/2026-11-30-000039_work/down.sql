DROP INDEX rating_complaint_id_reply_id_idx;
CREATE INDEX rating_complaint_id_idx ON rating (complaint_id);
DROP INDEX verification_going_on_idx;
DROP INDEX complaint_sent_elsewhere_idx;
DROP INDEX complaint_returned_items_idx;
DROP INDEX complaint_provisional_links_idx;
DROP INDEX complaint_reopening_requests_idx;
DROP INDEX complaint_replies_due_idx;
DROP TABLE complaint_unread;

-- What was added to a complaint that is handled waits to be read; a row for as long as it waits.
CREATE TABLE complaint_unread (
    complaint_id UUID NOT NULL REFERENCES complaint (id),
    since TIMESTAMPTZ NOT NULL,
    latest TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (complaint_id)
);

-- One index for each list of work, with the list's own condition: of all there ever was, little waits.
-- What the condition names stands in the index besides, so that a list is counted from it alone.
CREATE INDEX complaint_replies_due_idx ON complaint (hidden, due_on, number, state)
    WHERE state IN ('accepted', 'in_progress');
CREATE INDEX complaint_reopening_requests_idx ON complaint (hidden, due_on, number, state)
    WHERE state = 'follow_up';
CREATE INDEX complaint_provisional_links_idx ON complaint (hidden, due_on, number, link, closed_at)
    WHERE link = 'provisional' AND closed_at IS NULL;
CREATE INDEX complaint_returned_items_idx ON complaint (hidden, due_on, number, in_queue, state)
    WHERE in_queue OR state = 'returned';
CREATE INDEX complaint_sent_elsewhere_idx ON complaint (hidden, due_on, number, state)
    WHERE state = 'transferred';
-- The visits that go on. Their condition stands in front too: SQLite seeks what an index begins with.
CREATE INDEX verification_going_on_idx
    ON verification ((state IN ('pending', 'assigned', 'checked_in', 'submitted', 'returned')), due_on, id, state, officer_id)
    WHERE state IN ('pending', 'assigned', 'checked_in', 'submitted', 'returned');

-- The last rating of a complaint says whether it is to be taken up again.
DROP INDEX rating_complaint_id_idx;
CREATE INDEX rating_complaint_id_reply_id_idx ON rating (complaint_id, reply_id);

-- Nothing to take back: the rows were wrong before.
SELECT 1;

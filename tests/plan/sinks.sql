-- The key of the query is not the key of the sink.
INSERT INTO keyed SELECT balance, owner FROM accounts;
INSERT INTO keyed SELECT balance, owner FROM accounts ON CONFLICT DO DEDUPLICATE;
INSERT INTO keyed SELECT id, customer FROM orders ON CONFLICT DO NOTHING;
INSERT INTO keyed SELECT id, customer FROM orders ON CONFLICT DO DEDUPLICATE;
-- Where one row of a partition is left, however that is said, the partition's columns are the key.
INSERT INTO keyed SELECT id, customer FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY amount DESC) AS n FROM orders) WHERE n <= 1;
INSERT INTO keyed SELECT id, customer FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY amount DESC) AS n FROM orders) WHERE 2 > n;
INSERT INTO keyed SELECT id, customer FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY amount DESC) AS n FROM orders) WHERE n <= 2;
SET 'table.exec.sink.upsert-materialize' = 'NONE';
INSERT INTO keyed SELECT balance, owner FROM accounts;
-- Late rows of a window have a way of their own.
SET 'penstock.late-rows.orders' = 'late_orders';
INSERT INTO totals
SELECT customer, SUM(amount) FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, customer;
-- With a time to live a group is sent again although nothing has changed: DISTINCT updates.
SET 'table.exec.state.ttl' = '1 d';
SELECT DISTINCT customer FROM orders;
RESET 'table.exec.state.ttl';

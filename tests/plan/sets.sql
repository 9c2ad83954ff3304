SELECT id FROM orders UNION SELECT id FROM accounts;
SELECT id FROM orders INTERSECT SELECT id FROM accounts;
SELECT id FROM orders EXCEPT ALL SELECT id FROM accounts;
SELECT customer, COUNT(*), GROUPING(customer) FROM orders GROUP BY ROLLUP (customer);
SELECT id FROM (SELECT id FROM orders UNION ALL SELECT id FROM accounts) WHERE id > 3;

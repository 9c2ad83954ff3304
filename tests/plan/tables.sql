-- The tables that the plans of this folder are made over.
CREATE TABLE orders (
  id INT, customer STRING, amount DECIMAL(10, 2), cents AS amount * 100, ts TIMESTAMP(3),
  WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'values', 'path' = 'orders.json');
CREATE TABLE accounts (
  id INT, owner STRING, balance INT, PRIMARY KEY (id) NOT ENFORCED
) WITH ('connector' = 'values', 'path' = 'accounts.json', 'changelog-mode' = 'I,UA,D');
CREATE TABLE keyed (
  id INT, owner STRING, PRIMARY KEY (id) NOT ENFORCED
) WITH ('connector' = 'values', 'path' = 'keyed.json');
CREATE TABLE totals (customer STRING, total DECIMAL(38, 2))
WITH ('connector' = 'values', 'path' = 'totals.json');
CREATE TABLE late_orders (id INT, ts TIMESTAMP(3), late_watermark TIMESTAMP(3))
WITH ('connector' = 'values', 'path' = 'late.json');

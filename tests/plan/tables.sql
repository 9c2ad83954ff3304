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
CREATE TABLE events (
  event ROW<kind INT, price DECIMAL(10, 2), note STRING, site ROW<city STRING, zone STRING, country STRING>, ts TIMESTAMP(3)>,
  other ROW<x INT, y INT>, ts AS event.ts, WATERMARK FOR ts AS ts - INTERVAL '5' SECOND
) WITH ('connector' = 'filesystem', 'path' = '/tmp/events', 'format' = 'json');
CREATE TABLE pairs (pair ROW<a INT, b INT>) WITH ('connector' = 'values', 'path' = 'pairs.json');

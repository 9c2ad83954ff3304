CREATE TEMPORARY VIEW per_customer AS
  SELECT customer, window_end, COUNT(*) AS n
  FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY customer, window_start, window_end;
CREATE TEMPORARY VIEW drawn AS SELECT customer, RAND() AS r FROM orders;
CREATE TEMPORARY TABLE one (customer STRING, `at` TIMESTAMP(3), n BIGINT) WITH ('connector' = 'blackhole');
CREATE TEMPORARY TABLE two (customer STRING, n BIGINT) WITH ('connector' = 'blackhole');
CREATE TEMPORARY TABLE three (customer STRING, r DOUBLE) WITH ('connector' = 'blackhole');
EXECUTE STATEMENT SET BEGIN INSERT INTO one SELECT * FROM per_customer; INSERT INTO two SELECT customer, n FROM per_customer; END;
EXECUTE STATEMENT SET BEGIN INSERT INTO three SELECT * FROM drawn; INSERT INTO three SELECT * FROM drawn; END;
SET 'table.optimizer.reuse-sub-plan-enabled' = 'false';
EXECUTE STATEMENT SET BEGIN INSERT INTO one SELECT * FROM per_customer; INSERT INTO two SELECT customer, n FROM per_customer; END;

-- scan.parallelism and sink.parallelism of a table go before the default.
SET 'parallelism.default' = '2';
CREATE TABLE wide (id BIGINT, v BIGINT) WITH ('connector' = 'datagen', 'scan.parallelism' = '4');
CREATE TABLE narrow (id BIGINT, v BIGINT) WITH ('connector' = 'print', 'sink.parallelism' = '1');
CREATE TABLE latest (id BIGINT, v BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'print', 'sink.parallelism' = '3');
INSERT INTO narrow SELECT id, v FROM wide WHERE v > 0;
-- Changes are divided by the primary key; without one, they cannot be.
INSERT INTO latest SELECT id, SUM(v) FROM wide GROUP BY id;
INSERT INTO narrow SELECT id, SUM(v) FROM wide GROUP BY id;
CREATE TABLE wrong (id BIGINT) WITH ('connector' = 'datagen', 'scan.parallelism' = '0');
SELECT id FROM wrong;
-- What updates stays in order between tasks of different number.
INSERT INTO latest
SELECT id, n FROM (SELECT id, COUNT(*) AS n FROM wide GROUP BY id UNION ALL SELECT CAST(0 AS BIGINT), COUNT(*) FROM wide)
ON CONFLICT DO DEDUPLICATE;

-- Writes the input of tables-files.sql: a million events, some of them late or malformed.
CREATE TABLE generator (
  event_id BIGINT,
  user_id BIGINT,
  page STRING,
  country STRING,
  action STRING,
  amount DECIMAL(10, 2),
  event_time TIMESTAMP(3)
) WITH (
  'connector' = 'clickstream',
  'number-of-rows' = '1000000',
  'events-per-second' = '500',
  'seed' = '42'
);

CREATE TABLE clicks (
  event_id BIGINT,
  user_id BIGINT,
  page STRING,
  country STRING,
  action STRING,
  amount DECIMAL(10, 2),
  event_time TIMESTAMP(3)
) WITH (
  'connector' = 'filesystem',
  'path' = 'file:///tmp/clickstream/clicks',
  'format' = 'json'
);

CREATE TABLE malformed (
  `raw` BYTES
) WITH (
  'connector' = 'filesystem',
  'path' = 'file:///tmp/clickstream/clicks',
  'format' = 'raw'
);

-- Malformed records are written as the bytes they are.
SET 'penstock.bad-rows.generator' = 'malformed';
INSERT INTO clicks SELECT * FROM generator;

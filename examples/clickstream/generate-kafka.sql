-- Fills the topic that tables-kafka.sql reads: a million events, some of them late or malformed.
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
  'connector' = 'kafka',
  'topic' = 'clicks',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json'
);

CREATE TABLE malformed (
  `raw` BYTES
) WITH (
  'connector' = 'kafka',
  'topic' = 'clicks',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'raw'
);

-- Malformed records are written as the bytes they are.
SET 'penstock.bad-rows.generator' = 'malformed';
INSERT INTO clicks SELECT * FROM generator;

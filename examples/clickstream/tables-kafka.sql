-- Kafka in; metrics and what could not be used to Kafka, and metrics to Parquet files. generate-kafka.sql fills the
-- topic `clicks` (any number of partitions: watermarks are kept per partition):
--   penstock run generate-kafka.sql && penstock run -i tables-kafka.sql job.sql
-- The job reads on until it is stopped; 'scan.bounded.mode' = 'latest-offset' on clicks makes it end.
CREATE TABLE clicks (
  event_id BIGINT,
  user_id BIGINT,
  page STRING,
  country STRING,
  action STRING,
  amount DECIMAL(10, 2),
  event_time TIMESTAMP(3),
  WATERMARK FOR event_time AS event_time - INTERVAL '60' SECOND
) WITH (
  'connector' = 'kafka',
  'topic' = 'clicks',
  'properties.bootstrap.servers' = 'localhost:9092',
  'properties.group.id' = 'clickstream',
  'scan.startup.mode' = 'earliest-offset',
  'format' = 'json'
);

CREATE TABLE page_metrics (
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  page STRING,
  country STRING,
  events BIGINT,
  users BIGINT,
  purchases BIGINT,
  revenue DECIMAL(38, 2)
) WITH (
  'connector' = 'kafka',
  'topic' = 'page_metrics',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json'
);

CREATE TABLE page_metrics_parquet (
  window_start TIMESTAMP(3),
  window_end TIMESTAMP(3),
  page STRING,
  country STRING,
  events BIGINT,
  users BIGINT,
  purchases BIGINT,
  revenue DECIMAL(38, 2)
) WITH (
  'connector' = 'filesystem',
  'path' = 'file:///tmp/clickstream/page_metrics_parquet',
  'format' = 'parquet'
);

CREATE TABLE late_clicks (
  event_id BIGINT,
  user_id BIGINT,
  page STRING,
  event_time TIMESTAMP(3)
) WITH (
  'connector' = 'kafka',
  'topic' = 'late_clicks',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json'
);

CREATE TABLE bad_clicks (
  `raw` BYTES,
  error STRING,
  `position` STRING
) WITH (
  'connector' = 'kafka',
  'topic' = 'bad_clicks',
  'properties.bootstrap.servers' = 'localhost:9092',
  'format' = 'json'
);

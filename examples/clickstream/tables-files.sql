-- Files in, files out. generate-files.sql writes the input:
--   penstock run generate-files.sql && penstock run -i tables-files.sql job.sql
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
  'connector' = 'filesystem',
  'path' = 'file:///tmp/clickstream/clicks',
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
  'connector' = 'filesystem',
  'path' = 'file:///tmp/clickstream/page_metrics',
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
  'connector' = 'filesystem',
  'path' = 'file:///tmp/clickstream/late_clicks',
  'format' = 'json'
);

CREATE TABLE bad_clicks (
  `raw` BYTES,
  error STRING,
  `position` STRING
) WITH (
  'connector' = 'filesystem',
  'path' = 'file:///tmp/clickstream/bad_clicks',
  'format' = 'json'
);

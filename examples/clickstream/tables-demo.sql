-- The embedded default: a seeded generator, files under demo-output/ as output. No server needed.
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
  'connector' = 'clickstream',
  'number-of-rows' = '20000000',
  'events-per-second' = '5000',
  'seed' = '42'
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
  'path' = 'demo-output/page_metrics',
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
  'path' = 'demo-output/page_metrics_parquet',
  'format' = 'parquet'
);

CREATE TABLE late_clicks (
  event_id BIGINT,
  user_id BIGINT,
  page STRING,
  event_time TIMESTAMP(3)
) WITH (
  'connector' = 'filesystem',
  'path' = 'demo-output/late_clicks',
  'format' = 'json'
);

CREATE TABLE bad_clicks (
  `raw` BYTES,
  error STRING,
  `position` STRING
) WITH (
  'connector' = 'filesystem',
  'path' = 'demo-output/bad_clicks',
  'format' = 'json'
);

-- What the windows hold so far, for those who watch: tools/demo.sh sets 'penstock.early-results.page_metrics'.
CREATE TABLE live_metrics (
  is_final BOOLEAN,
  window_start TIMESTAMP(0),
  page STRING,
  country STRING,
  events BIGINT,
  users BIGINT,
  revenue DECIMAL(38, 2),
  PRIMARY KEY (window_start, page, country) NOT ENFORCED
) WITH (
  'connector' = 'terminal',
  'order-by' = 'window_start DESC, events DESC'
);

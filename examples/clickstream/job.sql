-- Page metrics per five minutes: the main job. Tables come from one of the tables-*.sql files:
--   penstock run -i tables-demo.sql job.sql
-- Flink runs the same files: sql-client.sh -i tables-kafka.sql -f job.sql (it ignores the penstock.* keys).
SET 'table.local-time-zone' = 'UTC';
SET 'pipeline.name' = 'clickstream';
-- Rows whose window has fired, and records that cannot be read, are kept instead of dropped.
SET 'penstock.late-rows.clicks' = 'late_clicks';
SET 'penstock.bad-rows.clicks' = 'bad_clicks';

CREATE TEMPORARY VIEW page_metrics_per_window AS
SELECT window_start, window_end, page, country,
       COUNT(*) AS events,
       COUNT(DISTINCT user_id) AS users,
       COUNT(*) FILTER (WHERE action = 'purchase') AS purchases,
       COALESCE(SUM(amount), 0) AS revenue
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(event_time), INTERVAL '5' MINUTE))
GROUP BY window_start, window_end, page, country;

-- One job: the source is read, and the windows are computed, once.
EXECUTE STATEMENT SET
BEGIN
  INSERT INTO page_metrics SELECT * FROM page_metrics_per_window;
  INSERT INTO page_metrics_parquet SELECT * FROM page_metrics_per_window;
END;

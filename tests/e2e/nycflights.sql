-- Flights per origin in windows of event time, the same text for Penstock and for Flink. ${SOURCE} stands for the
-- options of the input, ${OUTPUT} for a folder.
SET 'table.local-time-zone' = 'UTC';

CREATE TABLE flights (
  `year` INT, `month` INT, `day` INT,
  dep_time INT, sched_dep_time INT, dep_delay INT, arr_time INT, sched_arr_time INT, arr_delay INT,
  carrier STRING, flight INT, tailnum STRING, origin STRING, dest STRING,
  air_time INT, distance INT, `hour` INT, `minute` INT, time_hour STRING,
  event_time AS TO_TIMESTAMP(time_hour, 'yyyy-MM-dd''T''HH:mm:ss''Z'''),
  WATERMARK FOR event_time AS event_time - INTERVAL '1' MINUTE
) WITH (${SOURCE}, 'format' = 'csv', 'csv.null-literal' = 'NA');

CREATE TABLE hourly (
  origin STRING, window_start TIMESTAMP(3), window_end TIMESTAMP(3), flights BIGINT, departures BIGINT, delay BIGINT,
  delayed BIGINT, mean_delay DECIMAL(38, 6), carriers BIGINT
) WITH ('connector' = 'filesystem', 'path' = 'file://${OUTPUT}/hourly', 'format' = 'json');

CREATE TABLE three_hourly WITH ('path' = 'file://${OUTPUT}/three_hourly') LIKE hourly (OVERWRITING OPTIONS);

EXECUTE STATEMENT SET
BEGIN
  INSERT INTO hourly
  SELECT origin, window_start, window_end, COUNT(*), COUNT(dep_time), SUM(dep_delay), COUNT(dep_delay),
         AVG(CAST(dep_delay AS DECIMAL(10, 2))), COUNT(DISTINCT carrier)
  FROM TABLE(TUMBLE(TABLE flights, DESCRIPTOR(event_time), INTERVAL '1' HOUR))
  GROUP BY origin, window_start, window_end;

  INSERT INTO three_hourly
  SELECT origin, window_start, window_end, COUNT(*), COUNT(dep_time), SUM(dep_delay), COUNT(dep_delay),
         AVG(CAST(dep_delay AS DECIMAL(10, 2))), COUNT(DISTINCT carrier)
  FROM TABLE(HOP(TABLE flights, DESCRIPTOR(event_time), INTERVAL '1' HOUR, INTERVAL '3' HOUR))
  GROUP BY origin, window_start, window_end;
END;

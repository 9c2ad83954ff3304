-- Writes the generator's events to JSON files: one for each subtask.
CREATE TABLE nexmark_files (
  event_type INT,
  person ROW<id BIGINT, name VARCHAR, emailAddress VARCHAR, creditCard VARCHAR, city VARCHAR, state VARCHAR,
             `dateTime` TIMESTAMP(3), extra VARCHAR>,
  auction ROW<id BIGINT, itemName VARCHAR, description VARCHAR, initialBid BIGINT, reserve BIGINT,
              `dateTime` TIMESTAMP(3), expires TIMESTAMP(3), seller BIGINT, category BIGINT, extra VARCHAR>,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel VARCHAR, url VARCHAR, `dateTime` TIMESTAMP(3),
          extra VARCHAR>
) WITH ('connector' = 'filesystem', 'path' = 'file://${DATA}', 'format' = 'json',
  'sink.rolling-policy.file-size' = '1 tb');

INSERT INTO nexmark_files SELECT event_type, person, auction, bid FROM nexmark;

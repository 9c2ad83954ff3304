-- q4: the average of closing prices of each category, updated with every bid that wins.
CREATE TABLE nexmark_q4 (category BIGINT, final BIGINT, PRIMARY KEY (category) NOT ENFORCED) WITH ('connector' = 'blackhole');

INSERT INTO nexmark_q4
SELECT Q.category, AVG(Q.final)
FROM (
  SELECT MAX(B.price) AS final, A.category
  FROM auction A, bid B
  WHERE A.id = B.auction AND B.`dateTime` BETWEEN A.`dateTime` AND A.expires
  GROUP BY A.id, A.category
) Q
GROUP BY Q.category;

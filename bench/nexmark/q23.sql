-- q23: bids of people who sell something themselves: three streams joined on the bidder.
CREATE TABLE nexmark_q23 (
  bidder BIGINT, price BIGINT, name VARCHAR, city VARCHAR, auction BIGINT, itemName VARCHAR, category BIGINT
) WITH ('connector' = 'blackhole');

INSERT INTO nexmark_q23
SELECT B.bidder, B.price, P.name, P.city, A.id, A.itemName, A.category
FROM bid AS B
JOIN person AS P ON B.bidder = P.id
JOIN auction AS A ON B.bidder = A.seller;

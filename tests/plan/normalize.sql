-- Nobody needs -U: the upsert source goes through as it is.
INSERT INTO keyed SELECT id, owner FROM accounts;
-- An aggregation does.
SELECT owner, SUM(balance) FROM accounts GROUP BY owner;
-- Conditions on the key move below ChangelogNormalize, the others into it.
INSERT INTO keyed SELECT id, owner FROM accounts WHERE balance > 0 AND id < 100;
SET 'table.exec.source.cdc-events-duplicate' = 'true';
INSERT INTO keyed SELECT id, owner FROM accounts;

-- Of ROW columns only the fields that are used are read, at any depth, and the accesses are renumbered.
SELECT event.price, event.site.country FROM events WHERE event.kind = 2;
-- A row that is used whole keeps all its fields.
SELECT event.price, other FROM events;
-- Two statements share a scan with the fields of both.
EXECUTE STATEMENT SET BEGIN
  INSERT INTO totals SELECT event.site.city, event.price FROM events;
  INSERT INTO totals SELECT event.site.country, SUM(event.price) FROM events GROUP BY event.site.country;
END;
-- The values connector hands over rows as they are declared.
SELECT pair.a FROM pairs;

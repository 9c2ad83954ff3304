-- Only the columns that are used are read; the condition is folded and stays above the watermark.
SELECT id, cents FROM orders WHERE cents > 50 + 50;
-- Statements of one set share a scan that reads the columns of both.
EXECUTE STATEMENT SET BEGIN
  INSERT INTO totals SELECT customer, amount FROM orders;
  INSERT INTO totals SELECT 'all', SUM(amount) FROM orders;
END;
-- Columns that are neither joined by nor read above a join are not kept by it: a projection below drops them.
SELECT o.amount, a.owner FROM orders o JOIN accounts a ON o.id = a.id WHERE a.balance > 5;

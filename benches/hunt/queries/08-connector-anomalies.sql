WITH Hours AS MATERIALIZED (
  SELECT Connectors, (epoch_ns(Timestamp) - epoch_ns(TIMESTAMP '2026-03-01')) // 3600000000000 AS Hour, count(*) AS Mails
  FROM EmailEvents
  WHERE Connectors <> '' AND Timestamp >= '2026-03-01'::TIMESTAMPTZ_NS AND Timestamp < '2026-04-30'::TIMESTAMPTZ_NS
  GROUP BY ALL
)
SELECT Connectors, len(Mails) AS Hours, list_sum(Mails) AS Mails
FROM (
  SELECT Connectors, list(coalesce(Mails, 0) ORDER BY Hour) AS Mails
  FROM (SELECT DISTINCT Connectors FROM Hours)
  CROSS JOIN (SELECT unnest(range(1440)) AS Hour)
  LEFT JOIN Hours USING (Connectors, Hour)
  GROUP BY Connectors
)
ORDER BY Connectors

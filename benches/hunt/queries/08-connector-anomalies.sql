SELECT Connectors, len(Mails) AS Hours, list_sum(Mails) AS Mails
FROM (
  SELECT Connectors, list(coalesce(Mails, 0) ORDER BY Hour) AS Mails
  FROM (SELECT DISTINCT Connectors FROM EmailEvents WHERE Connectors <> '')
  CROSS JOIN (
    SELECT unnest(range(TIMESTAMP '2026-03-01', TIMESTAMP '2026-04-30', INTERVAL 1 HOUR)) AS Hour
  )
  LEFT JOIN (
    SELECT Connectors, time_bucket(INTERVAL 1 HOUR, Timestamp) AS Hour, count(*) AS Mails
    FROM EmailEvents
    WHERE Connectors <> ''
    GROUP BY ALL
  ) USING (Connectors, Hour)
  GROUP BY Connectors
)
ORDER BY Connectors

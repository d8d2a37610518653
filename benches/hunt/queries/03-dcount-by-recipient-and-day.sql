SELECT RecipientEmailAddress, count(*) AS Days, sum(Mails) AS Mails, sum(Senders) AS Senders
FROM (
  SELECT RecipientEmailAddress, time_bucket(INTERVAL 1 DAY, Timestamp) AS Day, count(*) AS Mails,
    count(DISTINCT SenderFromAddress) AS Senders
  FROM EmailEvents
  WHERE Timestamp >= TIMESTAMP '2026-04-01'
  GROUP BY ALL
)
WHERE Senders >= 40
GROUP BY RecipientEmailAddress
ORDER BY Senders DESC, RecipientEmailAddress
LIMIT 50

SELECT RecipientEmailAddress, count(*) AS Days, sum(Mails) AS Mails, sum(Senders) AS Senders
FROM (
  SELECT RecipientEmailAddress, epoch_ns(Timestamp) // 86400000000000 AS Day, count(*) AS Mails,
    count(DISTINCT SenderFromAddress) AS Senders
  FROM EmailEvents
  WHERE Timestamp >= '2026-04-01'::TIMESTAMPTZ_NS
  GROUP BY ALL
)
WHERE Senders >= 40
GROUP BY RecipientEmailAddress
ORDER BY Senders DESC, RecipientEmailAddress
LIMIT 50

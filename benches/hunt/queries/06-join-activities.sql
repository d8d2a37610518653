SELECT RecipientEmailAddress, count(*) AS Pairs, count(DISTINCT NetworkMessageId) AS Mails,
  count(DISTINCT r.IPAddress) AS Addresses
FROM EmailEvents m JOIN AuditRecords r ON m.RecipientObjectId = r.AccountObjectId
WHERE m.ThreatTypes = 'Malware' AND r.Operation = 'New-InboxRule'
  AND epoch_ns(r.Timestamp) - epoch_ns(m.Timestamp) BETWEEN 0 AND 3600000000000
GROUP BY RecipientEmailAddress
ORDER BY Pairs DESC, RecipientEmailAddress
LIMIT 20

SELECT RecipientEmailAddress, count(*) AS Pairs, count(DISTINCT NetworkMessageId) AS Mails,
  count(DISTINCT r.IPAddress) AS Addresses
FROM EmailEvents m JOIN AuditRecords r ON m.RecipientObjectId = r.AccountObjectId
WHERE m.ThreatTypes = 'Malware' AND r.Operation = 'New-InboxRule'
  AND r.Timestamp BETWEEN m.Timestamp AND m.Timestamp + INTERVAL 1 HOUR
GROUP BY RecipientEmailAddress
ORDER BY Pairs DESC, RecipientEmailAddress
LIMIT 20

SELECT SenderFromAddress, count(*) AS Mails, count(DISTINCT RecipientEmailAddress) AS Recipients, sum(EmailSize) AS Bytes
FROM EmailEvents
WHERE EmailDirection = 'Inbound'
GROUP BY SenderFromAddress
ORDER BY Mails DESC, SenderFromAddress
LIMIT 20

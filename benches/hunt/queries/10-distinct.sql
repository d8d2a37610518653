SELECT SenderFromDomain, count(*) AS Addresses
FROM (SELECT DISTINCT SenderFromDomain, SenderIPv4 FROM EmailEvents)
GROUP BY SenderFromDomain
ORDER BY Addresses DESC, SenderFromDomain
LIMIT 20

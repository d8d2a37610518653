SELECT UrlDomain, count(*) AS Mails, count(DISTINCT RecipientEmailAddress) AS Recipients
FROM EmailEvents JOIN EmailUrlInfo USING (NetworkMessageId)
WHERE regexp_matches(ThreatTypes, '(?i)(^|[^\p{L}\p{N}])phish($|[^\p{L}\p{N}])') AND DeliveryAction = 'Blocked'
GROUP BY UrlDomain
ORDER BY Mails DESC, UrlDomain
LIMIT 20

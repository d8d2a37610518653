SELECT DeliveryAction, count(*) AS Mails, count(DISTINCT SenderFromAddress) AS Senders
FROM EmailEvents
WHERE regexp_matches(Subject, '(?i)(^|[^\p{L}\p{N}])(password|payroll|überweisung)($|[^\p{L}\p{N}])')
GROUP BY DeliveryAction
ORDER BY DeliveryAction

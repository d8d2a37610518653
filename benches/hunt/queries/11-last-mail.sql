SELECT RecipientEmailAddress, epoch_ns(max(Timestamp)) AS Timestamp, arg_max(Subject, Timestamp) AS Subject,
  arg_max(SenderFromAddress, Timestamp) AS SenderFromAddress, arg_max(DeliveryAction, Timestamp) AS DeliveryAction
FROM EmailEvents
GROUP BY RecipientEmailAddress
ORDER BY Timestamp DESC, RecipientEmailAddress
LIMIT 50

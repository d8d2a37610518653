SELECT epoch_ns(Timestamp) AS Timestamp, NetworkMessageId, SenderFromAddress, RecipientEmailAddress, Subject, DeliveryAction
FROM EmailEvents
WHERE Timestamp BETWEEN '2026-03-20'::TIMESTAMPTZ_NS AND '2026-03-27'::TIMESTAMPTZ_NS
  AND lower(RecipientEmailAddress) IN ('user3@contoso.example', 'user210@contoso.example', 'user1500@contoso.example',
    'user4711@contoso.example', 'user9000@contoso.example', 'user12345@contoso.example', 'user19999@contoso.example')
ORDER BY EmailEvents.Timestamp, NetworkMessageId

SELECT UserId, count(*) AS SignIns, count(*) FILTER (RawEventData->>'$.ErrorNumber' = '50126') AS Failed,
  count(DISTINCT IPAddress) AS Addresses, epoch_ns(min(Timestamp)) AS First,
  epoch_ns(max(Timestamp)) AS Last
FROM AuditRecords
WHERE Operation IN ('UserLoggedIn', 'UserLoginFailed')
GROUP BY UserId
ORDER BY Failed DESC, UserId
LIMIT 50

SELECT Name, Value, count(*) AS Changes, count(DISTINCT User) AS Users
FROM (
  SELECT User, Parameter->>'$.Name' AS Name, Parameter->>'$.Value' AS Value
  FROM (
    SELECT RawEventData->>'$.UserId' AS User, unnest(json_extract(RawEventData, '$.Parameters[*]')) AS Parameter
    FROM AuditRecords
    WHERE Operation IN ('New-InboxRule', 'Set-InboxRule', 'Set-Mailbox')
  )
)
WHERE Name IN ('ForwardTo', 'RedirectTo', 'ForwardingSmtpAddress', 'MoveToFolder', 'DeleteMessage')
GROUP BY Name, Value
ORDER BY Changes DESC, Name, Value
LIMIT 50

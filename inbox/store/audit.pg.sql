-- name: audit_message_without_event :many
SELECT 'msg_' || m.event_id
  FROM message AS m LEFT JOIN event AS e USING (event_id)
 WHERE e.event_id IS NULL OR e.thread_no IS DISTINCT FROM m.thread_no
 LIMIT 20;

-- name: audit_fold :many
WITH last AS (
    SELECT thread_no, max(event_id) AS event_id,
           count(*) FILTER (WHERE event_type = 'thread_claim') AS epoch
      FROM event WHERE thread_no IS NOT NULL AND event_type LIKE 'thread!_%' ESCAPE '!'
     GROUP BY thread_no)
SELECT 'thread ' || t.thread_id || ': the log says ' || coalesce(e.status, '?') || ' for '
       || coalesce(e.assigned_to, '?') || ' at epoch ' || coalesce(l.epoch, 0) || ' by event '
       || coalesce(l.event_id, 0) || ', the table ' || t.status || ' for ' || t.assigned_to
       || ' at epoch ' || t.epoch || ' by event ' || t.last_event
  FROM thread AS t
  LEFT JOIN last AS l USING (thread_no)
  LEFT JOIN event AS e ON e.event_id = l.event_id
 WHERE e.status IS DISTINCT FROM t.status OR e.assigned_to IS DISTINCT FROM t.assigned_to
    OR coalesce(l.epoch, 0) <> t.epoch OR l.event_id IS DISTINCT FROM t.last_event
    OR l.event_id IS DISTINCT FROM t.last_message
 LIMIT 20;

-- name: audit_integrity :many
-- Pages are the server's to check (pg_amcheck); what was never validated is told here.
SELECT 'the constraint ' || conname || ' was never checked' FROM pg_constraint
 WHERE connamespace = current_schema()::regnamespace AND NOT convalidated LIMIT 20;

-- name: audit_foreign_keys :many
SELECT orphan FROM orch_orphans() AS orphan
UNION ALL
SELECT 'the trigger ' || t.tgname || ' of ' || c.relname || ' is switched off'
  FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid
 WHERE c.relnamespace = current_schema()::regnamespace AND t.tgenabled <> 'O' LIMIT 20;

-- name: audit_event_gap :one
SELECT count(*), coalesce(min(event_id), 0), coalesce(max(event_id), 0),
       (SELECT last FROM counter WHERE name = 'event')
  FROM event;

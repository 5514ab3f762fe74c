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

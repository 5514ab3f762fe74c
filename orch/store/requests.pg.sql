-- name: request_trace :many
SELECT orch_iso(e.created_at), e.event_id,
       e.event_type, e.actor, coalesce(e.summary, '')
  FROM request AS q JOIN event AS e ON e.event_id IN (q.created_event, q.applied_event)
 WHERE q.request_id = :request_id
 UNION
SELECT orch_iso(e.created_at), e.event_id,
       e.event_type, e.actor, coalesce(e.summary, '')
  FROM task AS t JOIN event AS e ON e.run_id = t.run_id AND e.task_id = t.task_id
 WHERE t.request_id = :request_id AND t.metadata::json ->> 'plans_request' IS NOT NULL
   AND e.event_type LIKE 'request\_%'
 ORDER BY 2;

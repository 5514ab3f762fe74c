-- name: request_list :many
SELECT v.document FROM request AS q JOIN request_view AS v ON v.request_no = q.request_no
 WHERE (:run_id IS NULL OR q.run_id = :run_id)
   AND (:statuses IS NULL OR q.status IN (SELECT value FROM json_array_elements_text((:statuses)::json)))
 ORDER BY q.request_no DESC LIMIT :limit;

-- name: request_runs :many
SELECT DISTINCT run_id FROM request
 WHERE status IN ('planning', 'asked', 'refused', 'failed');

-- name: request_plan_newest :maybe
SELECT p.format, p.text, p.problems, p.sha256, a.attempt_no, a.assigned_to AS agent, t.task_id,
       orch_iso(p.created_at) AS at
  FROM request_plan AS p JOIN attempt AS a ON a.attempt_key = p.attempt_key
  JOIN task AS t ON t.task_no = a.task_no
 WHERE p.request_no = :request_no ORDER BY p.plan_key DESC LIMIT 1;

-- name: request_tasks :many
SELECT v.document FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.request_id = :request_id AND t.metadata::json ->> 'plans_request' IS NULL ORDER BY t.task_no;

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

-- name: history_open_runs :many
SELECT run_id FROM run WHERE closed_at IS NULL ORDER BY created_at, run_id;

-- name: history_tasks :many
SELECT t.task_no, t.task_id, t.title, t.status, t.kind, t.priority, t.default_to, t.reason,
       t.latest_attempt_no, t.created_at, t.updated_at, v.document::json #>> '{gate,status}' AS gate
  FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.run_id = :run_id ORDER BY t.task_no;

-- name: history_verifications :many
SELECT e.task_id, e.event_type, e.thread_no, coalesce(h.created_at, e.created_at)
  FROM event AS e
  LEFT JOIN event AS h ON h.event_id = (e.payload::json ->> 'thread_event_id')::bigint
 WHERE e.run_id = :run_id AND e.event_type IN ('task_verifying', 'task_done', 'task_failed',
       'task_cancelled', 'task_dispatched')
 ORDER BY e.event_id;

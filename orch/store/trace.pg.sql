-- name: trace_events :many
SELECT orch_iso(coalesce(h.created_at, e.created_at)),
       e.event_id, e.event_type, e.actor, coalesce(e.summary, m.summary, '')
  FROM event AS e LEFT JOIN message AS m ON m.event_id = e.event_id
  LEFT JOIN event AS h ON h.event_id = (e.payload::json ->> 'thread_event_id')::bigint
 WHERE e.run_id = :run_id AND e.task_id = :task_id
 ORDER BY e.event_id;

-- name: trace_heads :many
SELECT orch_path(repo_id, repo_path) AS repo_path, base_commit, head_commit, attempt_no FROM attempt
 WHERE task_no = :task_no AND head_commit IS NOT NULL AND base_commit <> '' ORDER BY attempt_no;

-- name: trace_events :many
-- By task, in the log's order; what a thread told is dated by the thread.
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(h.created_at, e.created_at) / 1000.0, 'unixepoch'),
       e.event_id, e.event_type, e.actor, coalesce(e.summary, m.summary, '')
  FROM event AS e LEFT JOIN message AS m ON m.event_id = e.event_id
  LEFT JOIN event AS h ON h.event_id = e.payload ->> '$.thread_event_id'
 WHERE e.run_id = :run_id AND e.task_id = :task_id
 ORDER BY e.event_id;

-- name: trace_heads :many
-- Where git has more to tell.
SELECT repo_path, base_commit, head_commit, attempt_no FROM attempt
 WHERE task_no = :task_no AND head_commit IS NOT NULL AND base_commit <> '' ORDER BY attempt_no;

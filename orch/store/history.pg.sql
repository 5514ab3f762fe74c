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

-- name: history_attempts :many
SELECT a.attempt_key, a.task_no, a.attempt_no, a.thread_no, h.thread_id, a.assigned_to, a.status,
       a.execution_mode, orch_path(a.repo_id, a.repo_path) AS repo_path, a.base_commit, a.head_commit, a.branch_name,
       a.worktree_path, a.workspace_status, a.dirty_files, a.path_violations, a.liveness,
       a.late_event, h.lost_leases, a.created_at, a.ended_at,
       (SELECT coalesce(nullif(m.summary, ''), m.body) FROM message AS m
         WHERE m.thread_no = a.thread_no AND m.kind = 'result'
         ORDER BY m.event_id DESC LIMIT 1) AS result
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
  JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE t.run_id = :run_id ORDER BY a.task_no, a.attempt_no;

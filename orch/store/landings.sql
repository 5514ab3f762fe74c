-- name: landing_newest :many
-- The newest entry of each task of a run, and whether anybody runs its queue.
SELECT e.task_no, e.entry_no, e.status, e.reason, e.conflicts, t.status,
       q.runner_pid, q.runner_started, q.runner_boot, e.why, t.task_id, e.approvals ->> '$.missing',
       q.hold_reason <> '' AS is_held, substr(q.target, 12) AS branch,
       e.landed_commit, e.rolled_back_by IS NOT NULL AS is_rolled_back, (SELECT v.created_at FROM event AS v WHERE v.event_id = e.last_event),
       e.position, q.repo_path,
       CASE WHEN e.status = 'awaiting_forge' AND p.errors > 0 THEN p.summary ELSE '' END AS trouble
  FROM entry AS e
  JOIN task AS t ON t.task_no = e.task_no
  JOIN queue AS q ON q.queue_no = e.queue_no
  LEFT JOIN pull_request AS p ON p.entry_no = e.entry_no
 WHERE e.run_id = :run_id AND e.kind = 'task'
   AND e.entry_no = (SELECT max(n.entry_no) FROM entry AS n
                      WHERE n.task_no = e.task_no AND n.kind = 'task')
 ORDER BY e.entry_no;

-- name: landing_nothing :many
-- Done without a commit: neither landed nor to be landed.
SELECT task_no FROM nothing_to_land WHERE run_id = :run_id;

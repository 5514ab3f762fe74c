-- name: board_active :many
-- What is at work or waits for a person: few, found by their status.
-- scan: the handful of statuses
SELECT t.task_id, t.title, t.status, t.reason, t.status_at, t.default_to, a.attempt_no,
       coalesce(l.holder, a.assigned_to) AS worker, '' AS machine, a.liveness,
       a.worktree_path, a.workspace_status, coalesce(a.dirty_files, 0) AS dirty_files,
       coalesce(a.path_violations, '[]') AS path_violations,
       a.base_commit, a.repo_path, a.created_at AS begun_at, t.max_attempts, n.log_path,
       (SELECT sum(c.cost_microusd) FROM turn AS c WHERE c.thread_no = a.thread_no) AS cost_microusd,
       coalesce(n.started_at, l.claimed_at, a.created_at) AS since,
       l.claimed_at IS NOT NULL AS is_claimed, n.harness, n.turn_no, m.from_agent AS last_from,
       m.summary AS last_summary, m.created_at AS last_at, q.created_at AS asked_at,
       coalesce(nullif(q.body, ''), q.summary) AS question,
       EXISTS (SELECT 1 FROM message AS r WHERE r.thread_no = a.thread_no
                  AND r.kind = 'answer' AND r.event_id > q.event_id) AS is_answered,
       v.document -> '$.gate' AS gate, l.wall_deadline AS lease_until
  FROM json_each(:statuses) AS s
  JOIN task AS t ON t.task_no IN (
       SELECT o.task_no FROM task AS o WHERE o.run_id = :run_id AND o.status = s.value
        ORDER BY o.last_event LIMIT :limit)
  JOIN task_view AS v ON v.task_no = t.task_no
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  JOIN thread AS h ON h.thread_no = a.thread_no
  LEFT JOIN lease AS l ON l.thread_no = a.thread_no AND l.ended_at IS NULL
  LEFT JOIN turn AS n ON n.thread_no = a.thread_no AND n.ended_at IS NULL
  LEFT JOIN message AS m ON m.event_id = h.last_message
  LEFT JOIN message AS q ON q.event_id = (SELECT max(x.event_id) FROM message AS x
       WHERE x.thread_no = a.thread_no AND x.kind = 'question')
 ORDER BY t.last_event LIMIT :limit;

-- name: board_left_behind :many
-- Done, but something of it is not: uncommitted files, or paths it did not own.
SELECT t.task_id, a.attempt_no, a.assigned_to AS worker, a.worktree_path,
       coalesce(a.dirty_files, 0) AS dirty_files,
       coalesce(a.path_violations, '[]') AS path_violations,
       coalesce(a.ended_at, a.updated_at) AS ended_at
  FROM task AS t
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.run_id = :run_id AND t.status = 'done'
   AND (a.dirty_files > 0 AND a.workspace_status = 'created' OR a.path_violations <> '[]')
 ORDER BY t.last_event DESC LIMIT :limit;

-- name: board_standing :maybe
-- Is there any worktree to clean up?
SELECT 1 FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
 WHERE t.run_id = :run_id AND a.workspace_status = 'created' LIMIT 1;

-- name: board_settled :one
-- Of a run in which nothing goes on.
SELECT coalesce(max(coalesce(nullif(status_at, 0), created_at)), 0) FROM task
 WHERE run_id = :run_id;

-- name: board_spent :one
-- Of a run whose budget is spent.
SELECT max(coalesce((SELECT max(a.created_at) FROM task AS t
                       JOIN attempt AS a ON a.task_no = t.task_no WHERE t.run_id = :run_id), 0),
           coalesce((SELECT max(n.ended_at) FROM turn AS n WHERE n.run_id = :run_id), 0));

-- name: board_late :many
-- A superseded worker's result that nobody took yet.
SELECT t.task_id, a.attempt_no, a.assigned_to AS worker, m.created_at AS reported_at
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no AND a.late_event > 0
  JOIN message AS m ON m.event_id = a.late_event
 WHERE t.run_id = :run_id AND t.status <> 'done' ORDER BY a.late_event LIMIT :limit;

-- name: board_done :many
-- The newest that ended.
-- scan: two statuses
SELECT t.task_no, t.task_id, t.title, t.status, a.assigned_to AS worker,
       coalesce(nullif(t.status_at, 0), t.created_at) AS at,
       (SELECT m.summary FROM message AS m
         WHERE m.thread_no = a.thread_no AND m.kind = 'result' ORDER BY m.event_id DESC LIMIT 1) AS result
  FROM json_each('["done", "cancelled"]') AS s
  JOIN task AS t ON t.task_no IN (
       SELECT o.task_no FROM task AS o WHERE o.run_id = :run_id AND o.status = s.value
        ORDER BY o.last_event DESC LIMIT :limit)
  LEFT JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 ORDER BY t.last_event DESC LIMIT :limit;

-- name: board_pace :one
-- What a run's turns cost, how long its last tasks took from their first attempt on, and how many
-- that are to be done wait for each other in a row.
-- scan: the last twenty
SELECT (SELECT sum(n.cost_microusd) FROM turn AS n WHERE n.run_id = :run_id) AS cost_microusd,
       (SELECT avg(x.took) FROM (
            SELECT t.status_at - (SELECT min(a.created_at) FROM attempt AS a
                                   WHERE a.task_no = t.task_no) AS took
              FROM task AS t
             WHERE t.run_id = :run_id AND t.status = 'done' AND t.status_at > 0
             ORDER BY t.last_event DESC LIMIT 20) AS x) AS took_ms,
       (SELECT coalesce(max(t.chain) + 1, 0) FROM task AS t
         WHERE t.run_id = :run_id AND t.status = 'ready') AS chain;

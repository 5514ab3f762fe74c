-- name: board_active :many
SELECT t.task_id, t.title, t.status, t.reason, t.status_at, t.default_to, a.attempt_no,
       coalesce(l.holder, a.assigned_to) AS worker,
       coalesce((SELECT k.name FROM machine AS k WHERE k.machine_id = a.machine_id), '') AS machine, a.liveness, a.worktree_path,
       a.workspace_status, coalesce(a.dirty_files, 0) AS dirty_files,
       coalesce(a.path_violations, '[]') AS path_violations,
       a.base_commit, orch_path(a.repo_id, a.repo_path) AS repo_path, a.created_at AS begun_at, t.max_attempts,
       CASE WHEN split_part(n.runner_boot, '@', 2) = orch_machine() THEN n.log_path END AS log_path,
       (SELECT sum(c.cost_microusd)::bigint FROM turn AS c WHERE c.thread_no = a.thread_no) AS cost_microusd,
       coalesce(n.started_at, l.claimed_at, a.created_at) AS since,
       l.claimed_at IS NOT NULL AS is_claimed, n.harness, n.turn_no, m.from_agent AS last_from,
       m.summary AS last_summary, m.created_at AS last_at, q.created_at AS asked_at,
       coalesce(nullif(q.body, ''), q.summary) AS question,
       EXISTS (SELECT 1 FROM message AS r WHERE r.thread_no = a.thread_no
                  AND r.kind = 'answer' AND r.event_id > q.event_id) AS is_answered,
       v.document::json -> 'gate' AS gate, l.wall_deadline AS lease_until
  FROM json_array_elements_text((:statuses)::json) AS s
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

-- name: board_spent :one
SELECT greatest(coalesce((SELECT max(a.created_at) FROM task AS t
                       JOIN attempt AS a ON a.task_no = t.task_no WHERE t.run_id = :run_id), 0), coalesce((SELECT max(n.ended_at) FROM turn AS n WHERE n.run_id = :run_id), 0));

-- name: board_pace :one
SELECT (SELECT sum(n.cost_microusd)::bigint FROM turn AS n WHERE n.run_id = :run_id) AS cost_microusd,
       (SELECT avg(x.took)::float8 FROM (
            SELECT t.status_at - (SELECT min(a.created_at) FROM attempt AS a
                                   WHERE a.task_no = t.task_no) AS took
              FROM task AS t
             WHERE t.run_id = :run_id AND t.status = 'done' AND t.status_at > 0
             ORDER BY t.last_event DESC LIMIT 20) AS x) AS took_ms,
       (SELECT coalesce(max(t.chain) + 1, 0) FROM task AS t
         WHERE t.run_id = :run_id AND t.status = 'ready') AS chain;

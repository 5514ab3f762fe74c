-- name: task_set_attempt :exec
UPDATE task SET latest_attempt_no = :attempt_no,
       next_attempt_no = greatest(next_attempt_no, :attempt_no + 1), updated_at = :now
 WHERE task_no = :task_no;

-- name: task_burn_attempt :exec
UPDATE task SET next_attempt_no = greatest(next_attempt_no, :attempt_no + 1) WHERE task_no = :task_no;

-- name: task_waiting_for_locks :many
SELECT DISTINCT ON (t.task_no) t.task_no, k.lock, o.run_id, o.task_id
  FROM task AS t
  JOIN task_lock AS k ON k.task_no = t.task_no
  JOIN held_lock AS h ON h.lock = k.lock AND h.task_no <> t.task_no
  JOIN task AS o ON o.task_no = h.task_no
 WHERE t.run_id = :run_id AND t.status = 'ready' AND EXISTS (SELECT 1 FROM held_lock)
 ORDER BY t.task_no, k.lock;

-- name: lock_list :many
SELECT k.lock,
       (SELECT (SELECT row_to_json(r_) FROM (SELECT
    o.run_id AS "run_id",
    o.task_id AS "task_id",
    o.status AS "status",
    a.assigned_to AS "assigned_to",
    orch_iso(a.created_at) AS "since") AS r_)
          FROM held_lock AS h JOIN task AS o ON o.task_no = h.task_no
          LEFT JOIN attempt AS a ON a.task_no = o.task_no AND a.attempt_no = o.latest_attempt_no
         WHERE h.lock = k.lock),
       ('[' || coalesce(string_agg((SELECT row_to_json(r_) FROM (SELECT
    t.run_id AS "run_id",
    t.task_id AS "task_id",
    t.status AS "status") AS r_)::text, ',' ORDER BY t.task_no)
         FILTER (WHERE NOT EXISTS (SELECT 1 FROM held_lock AS h
                                    WHERE h.lock = k.lock AND h.task_no = t.task_no)), '') || ']')::json
  FROM task_lock AS k
  JOIN task AS t ON t.task_no = k.task_no
  JOIN run AS r ON r.run_id = t.run_id AND r.closed_at IS NULL
 WHERE t.status NOT IN ('done', 'failed', 'cancelled')
   AND (:run_id IS NULL
        OR k.lock IN (SELECT w.lock FROM task_lock AS w JOIN task AS n ON n.task_no = w.task_no
                       WHERE n.run_id = :run_id))
 GROUP BY k.lock ORDER BY k.lock;

-- name: task_active_paths :many
SELECT orch_path(r.repo_id, o.repo_path) AS repo_path, t.run_id, t.task_id, g.value
  FROM (SELECT a.task_no, a.repo_path
          FROM attempt AS a
         WHERE a.status IN ('dispatched', 'running', 'blocked', 'verifying')
         UNION ALL
        SELECT i.task_no, i.repo_path FROM dispatch_intent AS i) AS o
  JOIN task AS t ON t.task_no = o.task_no
  JOIN run AS r ON r.run_id = t.run_id AND r.closed_at IS NULL
  CROSS JOIN LATERAL json_array_elements_text((t.allowed_paths)::json) AS g
 WHERE t.task_no <> :except_no;

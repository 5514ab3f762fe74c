-- name: attempt_columns :part
-- The repository where this machine has it.
a.attempt_key, a.task_no, a.attempt_no, a.thread_no, h.thread_id, a.assigned_to, a.status,
       a.execution_mode, orch_path(a.repo_id, a.repo_path) AS repo_path, a.repo_id, a.machine_id,
       a.workspace_root, a.base_ref,
       a.base_commit, a.base_source,
       a.branch_name, a.worktree_path, a.workspace_status, a.placed_files, a.head_commit,
       a.dirty_files, a.liveness, a.late_event, a.path_violations;

-- name: attempt_seen_anew :many
SELECT {attempt_columns}, s.seen
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
  JOIN task AS t ON t.task_no = a.task_no AND t.latest_attempt_no = a.attempt_no
  JOIN lease AS l ON l.thread_no = a.thread_no AND l.ended_at IS NULL
 CROSS JOIN LATERAL (
       SELECT CASE WHEN CASE WHEN l.clock_domain = :domain THEN l.boot_deadline - :boot
                        ELSE l.wall_deadline - :now END BETWEEN 1 AND l.ttl_ms + 5000
                   THEN 'live' ELSE 'stale' END AS seen) AS s
 WHERE t.run_id = :run_id AND t.status IN ('running', 'blocked')
   AND a.liveness NOT IN ('gone', s.seen);

-- name: attempt_at_paths :maybe
SELECT worktree_path FROM attempt WHERE worktree_path IN (SELECT value FROM json_array_elements_text((:folders)::json))
UNION ALL
SELECT place_path FROM place WHERE place_path IN (SELECT value FROM json_array_elements_text((:folders)::json))
UNION ALL
SELECT out_path FROM place WHERE out_path IN (SELECT value FROM json_array_elements_text((:folders)::json))
 LIMIT 1;

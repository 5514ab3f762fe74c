-- name: attempt_repository :part
-- The repository where this machine has it.
orch_path(a.repo_id, a.repo_path) AS repo_path;

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

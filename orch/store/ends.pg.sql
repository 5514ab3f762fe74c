-- name: end_landed :many
SELECT orch_path(q.repo_id, q.repo_path) AS repo_path, substr(q.target, 12) AS target,
       coalesce(nullif(n.landed_commit, ''), n.head_commit) AS "commit",
       EXISTS (SELECT 1 FROM entry AS i
                WHERE i.run_id = :run_id AND i.kind = 'integrate'
                  AND i.status IN ('verified', 'landed_externally')
                  AND i.queued_event > n.last_event) AS brought
  FROM (SELECT DISTINCT ON (e.queue_no) e.queue_no, e.last_event, e.landed_commit, e.head_commit
          FROM entry AS e
         WHERE e.run_id = :run_id AND e.kind = 'task'
           AND e.status IN ('landed', 'verified', 'landed_externally')
         ORDER BY e.queue_no, e.last_event DESC) AS n
  JOIN queue AS q ON q.queue_no = n.queue_no;

-- name: end_unlanded :many
SELECT t.task_id, orch_path(a.repo_id, a.repo_path) AS repo_path, a.head_commit,
       coalesce(a.dirty_files, 0) > 0 AND a.workspace_status = 'created' AS is_uncommitted,
       (SELECT e.status FROM entry AS e WHERE e.task_no = t.task_no AND e.kind = 'task'
         ORDER BY e.entry_no DESC LIMIT 1) AS entry
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.run_id = :run_id AND t.status = 'done' AND a.execution_mode = 'code'
   AND NOT EXISTS (SELECT 1 FROM nothing_to_land AS n WHERE n.task_no = t.task_no)
   AND NOT EXISTS (SELECT 1 FROM entry AS e
                    WHERE e.task_no = t.task_no AND e.attempt_key = a.attempt_key
                      AND e.status IN ('landed', 'verified', 'landed_externally'))
 ORDER BY t.task_no;

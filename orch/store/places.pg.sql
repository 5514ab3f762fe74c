-- name: place_row :part
SELECT p.attempt_key, p.place_path, p.out_path, orch_path(CASE WHEN p.repo_path = '' THEN '' ELSE a.repo_id END, p.repo_path) AS repo_path, p.wanted, p.made_at, p.removed_at,
       t.run_id, t.task_id, a.attempt_no, a.status
  FROM place AS p JOIN attempt AS a ON a.attempt_key = p.attempt_key
  JOIN task AS t ON t.task_no = a.task_no;

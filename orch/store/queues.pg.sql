-- name: queue_row :part
-- The repository where this machine has it.
SELECT q.queue_no, orch_path(q.repo_id, q.repo_path) AS repo_path, q.repo_id, q.target, q.hold_reason, q.hold_tree, q."window",
       q.fence, q.runner_pid, q.runner_started, q.runner_boot, q.runner_until, q.updated_at
  FROM queue AS q;

-- name: queue_find :maybe
-- A shared repository is the same wherever a machine has it.
{queue_row} WHERE target = :target
   AND (repo_id <> '' AND repo_id = orch_repo(:repo_path) OR repo_id = '' AND repo_path = :repo_path);

-- name: queue_insert :one
INSERT INTO queue (repo_path, repo_id, target, created_at, updated_at)
VALUES (:repo_path, orch_repo(:repo_path), :target, :now, :now) RETURNING queue_no;

-- name: queue_window :exec
UPDATE queue SET "window" = :size WHERE queue_no = :queue_no;

-- name: delivery_insert :exec
-- With the thread: where its worker begins, and where its work is to be.
INSERT INTO delivery (thread_no, ref, start_commit) VALUES (:thread_no, :ref, :start);

-- name: delivery_place :exec
-- Its worker's worktree was made, here or on a further machine.
UPDATE delivery
   SET machine_id = :machine_id, worktree_path = :worktree_path, head = :head, epoch = 0
 WHERE thread_no = :thread_no;

-- name: delivery_note :exec
-- The remote has it, as it was asked.
UPDATE delivery SET head = :head, epoch = :epoch, pushed_at = :now
 WHERE thread_no = :thread_no AND machine_id = :machine_id;

-- name: delivery_landed :many
-- What the remote still has of work that landed before a time. Entries by their task: an index.
-- scan: deliveries, until they landed and their refs went
SELECT d.thread_no, d.ref, d.start_commit, d.head
  FROM delivery AS d
  JOIN attempt AS a ON a.thread_no = d.thread_no
  JOIN task AS t ON t.task_no = a.task_no
 WHERE d.ref <> '' AND d.epoch > 0 AND a.repo_id = :repo_id
   AND t.run_id = coalesce(:run_id, t.run_id)
   AND EXISTS (SELECT 1 FROM entry AS e
                WHERE e.task_no = a.task_no AND e.attempt_key = a.attempt_key
                  AND e.status = 'verified' AND e.head_commit = d.head
                  AND e.updated_at <= :before)
 ORDER BY d.thread_no;

-- name: delivery_deleted :exec
-- The remote has it under no name of its own any more.
UPDATE delivery SET ref = '' WHERE thread_no = :thread_no;

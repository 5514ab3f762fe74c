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

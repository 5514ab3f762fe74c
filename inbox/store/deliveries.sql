-- name: delivery_find :maybe
-- Of a thread whose work has to be on a remote before it counts as done.
SELECT machine_id, worktree_path, ref, start_commit, head, epoch FROM delivery WHERE thread_no = :thread_no;

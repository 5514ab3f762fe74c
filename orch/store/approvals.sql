-- name: approval_insert :one
-- Append-only: a later verdict of the same person counts instead.
INSERT INTO approval (run_id, task_no, head_commit, policy_digest, kind, verdict, given_by, note,
                      event_id, created_at)
VALUES (:run_id, :task_no, :head_commit, :policy_digest, :kind, :verdict, :given_by, :note,
        :event_id, :now)
RETURNING approval_no;

-- name: approval_of_head :many
-- Every verdict on one head of one task, in order.
SELECT approval_no, head_commit, policy_digest, kind, verdict, given_by, note,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch'), event_id
  FROM approval WHERE head_commit = :head_commit AND task_no IS :task_no ORDER BY approval_no;

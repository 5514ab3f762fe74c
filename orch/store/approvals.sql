-- name: approval_insert :one
-- Append-only: a later verdict of the same person counts instead.
INSERT INTO approval (run_id, task_no, head_commit, policy_digest, kind, verdict, given_by, note,
                      event_id, created_at)
VALUES (:run_id, :task_no, :head_commit, :policy_digest, :kind, :verdict, :given_by, :note,
        :event_id, :now)
RETURNING approval_no;

-- name: approval_of_head :many
-- Every verdict on one head of one task, in order.
SELECT a.approval_no, a.head_commit, a.policy_digest, a.kind, a.verdict, a.given_by, a.note,
       strftime('%Y-%m-%dT%H:%M:%fZ', a.created_at / 1000.0, 'unixepoch') AS at, a.event_id,
       coalesce(e.payload ->> '$.proof', '') AS proof, e.payload -> '$.given_from' AS given_from,
       coalesce(e.payload ->> '$.signed', '') AS signed,
       coalesce(e.payload ->> '$.signature', '') AS signature,
       e.event_type IS 'approval_given' AND e.actor IS a.given_by AND e.run_id IS a.run_id
       AND e.task_id IS (SELECT t.task_id FROM task AS t WHERE t.task_no = a.task_no)
       AND e.payload ->> '$.kind' IS a.kind AND e.payload ->> '$.verdict' IS a.verdict
       AND e.payload ->> '$.head_commit' IS a.head_commit
       AND e.payload ->> '$.policy_digest' IS a.policy_digest
       AND coalesce(e.payload ->> '$.note', '') IS a.note AS is_told
  FROM approval AS a LEFT JOIN event AS e ON e.event_id = a.event_id
 WHERE a.head_commit = :head_commit AND a.task_no IS :task_no ORDER BY a.approval_no;

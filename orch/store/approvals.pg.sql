-- name: approval_of_head :many
SELECT a.approval_no, a.head_commit, a.policy_digest, a.kind, a.verdict, a.given_by, a.note,
       orch_iso(a.created_at) AS at, a.event_id,
       coalesce(e.payload::json ->> 'proof', '') AS proof, e.payload::json -> 'given_from' AS given_from,
       coalesce(e.payload::json ->> 'signed', '') AS signed,
       coalesce(e.payload::json ->> 'signature', '') AS signature,
       e.event_type IS NOT DISTINCT FROM 'approval_given' AND e.actor IS NOT DISTINCT FROM a.given_by AND e.run_id IS NOT DISTINCT FROM a.run_id
       AND e.task_id IS NOT DISTINCT FROM (SELECT t.task_id FROM task AS t WHERE t.task_no = a.task_no)
       AND e.payload::json ->> 'kind' IS NOT DISTINCT FROM a.kind AND e.payload::json ->> 'verdict' IS NOT DISTINCT FROM a.verdict
       AND e.payload::json ->> 'head_commit' IS NOT DISTINCT FROM a.head_commit
       AND e.payload::json ->> 'policy_digest' IS NOT DISTINCT FROM a.policy_digest
       AND coalesce(e.payload::json ->> 'note', '') IS NOT DISTINCT FROM a.note AS is_told
  FROM approval AS a LEFT JOIN event AS e ON e.event_id = a.event_id
 WHERE a.head_commit = :head_commit AND a.task_no IS NOT DISTINCT FROM :task_no ORDER BY a.approval_no;

-- name: entry_move :one
UPDATE entry
   SET status = :target, reason = :reason, last_event = :event_id, updated_at = :now,
       failures = failures + (:count = 'failures')::int,
       conflicts = conflicts + (:count = 'conflicts')::int,
       errors = errors + (:count = 'errors')::int, flakes = flakes + (:count = 'flakes')::int,
       not_before_at = CASE WHEN :not_before > 0 THEN :not_before
                            WHEN :target = 'queued' THEN 0 ELSE not_before_at END,
       position = CASE WHEN :on_its_way <> 0 THEN position END,
       why = CASE WHEN :on_its_way <> 0 THEN why ELSE '' END
 WHERE entry_no = :entry_no AND status = :source
RETURNING status;

-- name: entry_count :exec
UPDATE entry
   SET failures = failures + (:count = 'failures')::int, conflicts = conflicts + (:count = 'conflicts')::int,
       errors = errors + (:count = 'errors')::int, flakes = flakes + (:count = 'flakes')::int,
       overtaken = overtaken + (:count = 'overtaken')::int, updated_at = :now
 WHERE entry_no = :entry_no;

-- name: entry_document_seen :one
SELECT orch_set(document, (SELECT row_to_json(r_) FROM (SELECT
           :position::bigint AS "position", nullif(:why, '') AS "waits_for",
           orch_json(:approvals) AS "approvals", :risk::text AS "risk") AS r_))
  FROM entry_view WHERE entry_no = :entry_no;

-- name: entry_untold :many
SELECT 'the head of ent_' || e.entry_no || ' is not the one that was queued' AS word
  FROM entry AS e LEFT JOIN event AS v ON v.event_id = e.queued_event
 WHERE e.entry_no = :entry_no AND v.payload::json ->> 'head_commit' IS DISTINCT FROM e.head_commit
UNION ALL
SELECT 'an approval of ' || a.given_by || ' on ent_' || e.entry_no || ' was never told'
  FROM entry AS e
  JOIN approval AS a ON a.head_commit = e.head_commit AND a.task_no IS NOT DISTINCT FROM e.task_no
  LEFT JOIN event AS v ON v.event_id = a.event_id
 WHERE e.entry_no = :entry_no AND NOT (
       v.event_type IS NOT DISTINCT FROM 'approval_given' AND v.actor IS NOT DISTINCT FROM a.given_by AND v.run_id IS NOT DISTINCT FROM a.run_id
       AND v.payload::json ->> 'kind' IS NOT DISTINCT FROM a.kind AND v.payload::json ->> 'verdict' IS NOT DISTINCT FROM a.verdict
       AND v.payload::json ->> 'head_commit' IS NOT DISTINCT FROM a.head_commit
       AND v.payload::json ->> 'policy_digest' IS NOT DISTINCT FROM a.policy_digest
       AND coalesce(v.payload::json ->> 'note', '') IS NOT DISTINCT FROM a.note)
UNION ALL
SELECT 'the risk of ' || t.run_id || '/' || t.task_id || ' is ' || t.risk || ', told was '
       || c.risk
  FROM (SELECT w.task_no, e.entry_no,
               (SELECT v.payload::json ->> 'risk' FROM event AS v
                 WHERE v.run_id = w.run_id AND v.task_id = w.task_id
                   AND v.event_type IN ('task_added', 'task_edited')
                   AND v.payload::json ->> 'risk' IS NOT NULL
                 ORDER BY v.event_id DESC LIMIT 1) AS risk
          FROM entry AS e JOIN task AS w ON w.task_no = e.task_no WHERE e.entry_no = :entry_no) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE c.risk <> t.risk
UNION ALL
SELECT 'the required checks of ' || t.run_id || '/' || t.task_id || ' are '
       || t.required_checks || ', told were ' || c.checks
  FROM (SELECT w.task_no, e.entry_no,
               (SELECT v.payload::json -> 'required_checks' FROM event AS v
                 WHERE v.run_id = w.run_id AND v.task_id = w.task_id
                   AND v.event_type IN ('task_added', 'task_edited')
                   AND v.payload::json -> 'required_checks' IS NOT NULL
                 ORDER BY v.event_id DESC LIMIT 1) AS checks
          FROM entry AS e JOIN task AS w ON w.task_no = e.task_no WHERE e.entry_no = :entry_no) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE orch_json(c.checks::text)::text <> orch_json(t.required_checks)::text;

-- name: entry_repository :part
-- The repository where this machine has it.
orch_path(q.repo_id, q.repo_path) AS repo_path;

-- name: entry_targets :many
SELECT DISTINCT q.target FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
 WHERE e.task_no = :task_no AND e.status IN ('landed', 'verified', 'landed_externally')
   AND orch_path(q.repo_id, q.repo_path) = :repo_path;

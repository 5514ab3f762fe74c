-- name: audit_salvages :many
SELECT t.run_id || '/' || t.task_id, orch_path(a.repo_id, a.repo_path) AS repo_path, e.payload::json ->> 'salvage_ref'
  FROM event AS e
  JOIN task AS t ON t.run_id = e.run_id AND t.task_id = e.task_id
  JOIN attempt AS a
    ON a.task_no = t.task_no AND a.attempt_no = (e.payload::json ->> 'attempt_no')::bigint
 WHERE e.event_type = 'task_cleaned' AND e.payload::json ->> 'salvage_ref' IS NOT NULL
UNION
SELECT t.run_id || '/' || t.task_id, orch_path(a.repo_id, a.repo_path) AS repo_path, n.salvage_ref
  FROM turn AS n
  JOIN attempt AS a ON a.thread_no = n.thread_no
  JOIN task AS t ON t.task_no = a.task_no
 WHERE n.salvage_ref <> '';

-- name: audit_landing_of_intent :many
SELECT 'ent_' || e.entry_no || ' is ' || e.status || ', its queue has '
       || CASE WHEN i.queue_no IS NULL THEN 'no landing under way' ELSE 'one that names it' END
  FROM entry AS e
  LEFT JOIN landing_intent AS i ON i.queue_no = e.queue_no AND EXISTS (
       SELECT 1 FROM json_array_elements_text(i.entries::json) AS p
        WHERE (p.value::json ->> 'entry_no')::bigint = e.entry_no)
 WHERE (e.status = 'landing') <> (i.queue_no IS NOT NULL)
 LIMIT 20;

-- name: audit_untold :many
SELECT 'the head of ent_' || e.entry_no || ' is not the one that was queued' AS word
  FROM entry AS e LEFT JOIN event AS v ON v.event_id = e.queued_event
 WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally') AND v.payload::json ->> 'head_commit' IS DISTINCT FROM e.head_commit
UNION ALL
SELECT 'an approval of ' || a.given_by || ' on ent_' || e.entry_no || ' was never told'
  FROM entry AS e
  JOIN approval AS a ON a.head_commit = e.head_commit AND a.task_no IS NOT DISTINCT FROM e.task_no
  LEFT JOIN event AS v ON v.event_id = a.event_id
 WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally') AND NOT (
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
          FROM entry AS e JOIN task AS w ON w.task_no = e.task_no WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally')) AS c
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
          FROM entry AS e JOIN task AS w ON w.task_no = e.task_no WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally')) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE orch_json(c.checks::text)::text <> orch_json(t.required_checks)::text
 LIMIT 20;

-- name: audit_works :many
SELECT t.run_id || '/' || t.task_id AS task, a.attempt_no, orch_path(a.repo_id, a.repo_path) AS repo_path, a.branch_name,
       a.worktree_path, a.workspace_status, coalesce(a.head_commit, '') AS head_commit
  FROM attempt AS a JOIN task AS t ON t.task_no = a.task_no
 WHERE a.branch_name <> '' AND (a.repo_id = '' OR a.machine_id = orch_machine()) ORDER BY a.attempt_key;

-- name: audit_entry_heads :many
SELECT 'ent_' || e.entry_no, orch_path(q.repo_id, q.repo_path) AS repo_path, e.head_commit,
       CASE WHEN e.status = 'verified' AND e.rolled_back_by IS NULL THEN e.landed_commit ELSE '' END,
       q.target
  FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
 WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally') ORDER BY e.entry_no;

-- name: audit_kept_paths :many
SELECT orch_path(repo_id, repo_path) AS repo_path FROM queue UNION SELECT orch_path(repo_id, repo_path) AS repo_path FROM attempt WHERE branch_name <> '';

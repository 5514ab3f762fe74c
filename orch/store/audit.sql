-- name: audit_unmet :many
-- The kept counter that makes the ready set an index walk, and the status that follows from it.
-- scan: compares all tasks, on request only
SELECT t.run_id || '/' || t.task_id || ' (' || t.status || ') counts ' || t.unmet
       || ' unmet prerequisites, there are ' || c.unmet
  FROM (SELECT w.task_no, (SELECT count(*) FROM dependency AS d
                             JOIN task AS p ON p.task_no = d.depends_on
                            WHERE d.task_no = w.task_no AND p.status <> 'done') AS unmet
          FROM task AS w) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE t.unmet <> c.unmet OR (t.status = 'planned') > (c.unmet > 0)
    OR (t.status = 'ready' AND c.unmet > 0)
 LIMIT 20;

-- name: audit_chain :many
-- How long a chain waits for a task, on which the dispatch order depends.
-- scan: compares all tasks, on request only
SELECT t.run_id || '/' || t.task_id || ' has a waiting chain of ' || t.chain || ', it is ' || c.longest
  FROM (SELECT w.task_no, (SELECT coalesce(max(n.chain) + 1, 0) FROM dependency AS d
                             JOIN task AS n ON n.task_no = d.task_no
                            WHERE d.depends_on = w.task_no) AS longest
          FROM task AS w) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE t.chain <> c.longest
 LIMIT 20;

-- name: audit_tally :many
-- How many tasks of a run are in each status.
-- scan: counts all tasks, on request only
SELECT 'run ' || r.run_id || ' counts ' || n.planned || ' ' || n.ready || ' ' || n.dispatched || ' '
       || n.running || ' ' || n.blocked || ' ' || n.verifying || ' ' || n.done || ' ' || n.failed
       || ' ' || n.cancelled || ', it has ' || c.planned || ' ' || c.ready || ' ' || c.dispatched
       || ' ' || c.running || ' ' || c.blocked || ' ' || c.verifying || ' ' || c.done || ' '
       || c.failed || ' ' || c.cancelled
  FROM run AS r
  JOIN run_tally AS n ON n.run_id = r.run_id
  JOIN (SELECT o.run_id,
               count(*) FILTER (WHERE t.status = 'planned') AS planned,
               count(*) FILTER (WHERE t.status = 'ready') AS ready,
               count(*) FILTER (WHERE t.status = 'dispatched') AS dispatched,
               count(*) FILTER (WHERE t.status = 'running') AS running,
               count(*) FILTER (WHERE t.status = 'blocked') AS blocked,
               count(*) FILTER (WHERE t.status = 'verifying') AS verifying,
               count(*) FILTER (WHERE t.status = 'done') AS done,
               count(*) FILTER (WHERE t.status = 'failed') AS failed,
               count(*) FILTER (WHERE t.status = 'cancelled') AS cancelled
          FROM run AS o LEFT JOIN task AS t ON t.run_id = o.run_id GROUP BY o.run_id) AS c
    ON c.run_id = r.run_id
 WHERE (n.planned, n.ready, n.dispatched, n.running, n.blocked, n.verifying, n.done, n.failed,
        n.cancelled)
    <> (c.planned, c.ready, c.dispatched, c.running, c.blocked, c.verifying, c.done, c.failed,
        c.cancelled)
 LIMIT 20;

-- name: audit_lock_of_idle :many
-- Only a task being worked on, or being dispatched, holds a lock; a closed run holds none.
-- scan: locks held are few
SELECT 'lock ' || h.lock || ' is held by ' || t.run_id || '/' || t.task_id || ', which is '
       || t.status || CASE WHEN r.closed_at IS NULL THEN '' ELSE ' in a closed run' END
  FROM held_lock AS h JOIN task AS t ON t.task_no = h.task_no JOIN run AS r ON r.run_id = t.run_id
 WHERE r.closed_at IS NOT NULL OR (
       t.status NOT IN ('dispatched', 'running', 'blocked', 'verifying')
       AND NOT EXISTS (SELECT 1 FROM dispatch_intent AS i WHERE i.task_no = t.task_no))
 LIMIT 20;

-- name: audit_lock_not_held :many
-- And such a task holds all that it names.
-- scan: compares all locks, on request only
SELECT t.run_id || '/' || t.task_id || ' is ' || t.status || ' without its lock ' || k.lock
  FROM task_lock AS k JOIN task AS t ON t.task_no = k.task_no
  JOIN run AS r ON r.run_id = t.run_id AND r.closed_at IS NULL
 WHERE t.status IN ('dispatched', 'running', 'blocked', 'verifying')
   AND NOT EXISTS (SELECT 1 FROM held_lock AS h WHERE h.lock = k.lock AND h.task_no = k.task_no)
 LIMIT 20;

-- name: audit_attempt_numbers :many
-- Numbers are spent for ever: the next is above all there are, and the latest is there.
-- scan: compares all tasks, on request only
SELECT t.run_id || '/' || t.task_id || ' is at attempt ' || t.latest_attempt_no || ', next '
       || t.next_attempt_no || ', the highest is ' || c.highest
  FROM (SELECT w.task_no, coalesce(max(a.attempt_no), 0) AS highest
          FROM task AS w LEFT JOIN attempt AS a ON a.task_no = w.task_no GROUP BY w.task_no) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE t.next_attempt_no <= c.highest OR (t.latest_attempt_no > 0 AND NOT EXISTS (
       SELECT 1 FROM attempt AS a
        WHERE a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no))
 LIMIT 20;

-- name: audit_attempt_of_task :many
-- A task and its latest attempt say the same; all others are over.
-- scan: compares all attempts, on request only
SELECT t.run_id || '/' || t.task_id || ' is ' || t.status || ', its attempt ' || a.attempt_no
       || ' of ' || t.latest_attempt_no || ' is ' || a.status
  FROM attempt AS a JOIN task AS t ON t.task_no = a.task_no
 WHERE CASE WHEN a.attempt_no = t.latest_attempt_no
            THEN a.status <> t.status AND NOT (t.status = 'cancelled'
                 AND a.status IN ('done', 'failed'))
            ELSE a.status NOT IN ('done', 'failed', 'cancelled') END
 LIMIT 20;

-- name: audit_attempt_of_thread :many
-- As far as a run has heard its threads, an attempt says what its thread does.
-- scan: compares all attempts, on request only
SELECT t.run_id || '/' || t.task_id || ' attempt ' || a.attempt_no || ' is ' || a.status
       || ', its thread ' || h.thread_id || ' is ' || h.status
  FROM attempt AS a
  JOIN thread AS h ON h.thread_no = a.thread_no
  JOIN task AS t ON t.task_no = a.task_no
  JOIN run AS r ON r.run_id = t.run_id
 WHERE h.last_event <= r.reconciled_through AND a.attempt_no = t.latest_attempt_no
   AND t.status IN ('dispatched', 'running', 'blocked', 'verifying')
   AND CASE h.status WHEN 'pending' THEN 'dispatched' WHEN 'claimed' THEN 'running'
            WHEN 'in_progress' THEN 'running' ELSE h.status END
       <> CASE a.status WHEN 'verifying' THEN CASE WHEN a.late_event > 0 THEN 'cancelled'
                                              ELSE 'done' END
               ELSE a.status END
 LIMIT 20;

-- name: audit_edges :many
-- Is there a circle after all?
-- scan: reads all dependencies, on request only
SELECT task_no, depends_on FROM dependency;

-- name: audit_moves :many
-- To be compared with the Machine.
SELECT source, target FROM transition WHERE machine = 'task';

-- name: audit_intents :many
-- Dispatches under way.
-- scan: they are few
SELECT i.run_id, i.run_id || '/' || t.task_id, i.pid, i.pid_started, i.pid_boot
  FROM dispatch_intent AS i JOIN task AS t ON t.task_no = i.task_no ORDER BY i.task_no;

-- name: audit_runs :many
-- Which runs there are.
-- scan: lists all of them, on request only
SELECT run_id FROM run ORDER BY run_id;

-- name: audit_kept_paths :many
-- scan: lists all of them, on request only
SELECT repo_path FROM queue UNION SELECT repo_path FROM attempt WHERE branch_name <> '';

-- name: audit_kept_names :many
-- Heads of attempts and of entries, also when they are over: where neither branch nor target holds
-- one it stays; candidates of queues in which something is open.
-- scan: lists all of them, on request only
SELECT 'refs/orch/heads/' || t.run_id || '/' || t.task_id || '/' || a.attempt_no
  FROM attempt AS a JOIN task AS t ON t.task_no = a.task_no
 WHERE a.head_commit IS NOT NULL
 UNION ALL
SELECT 'refs/orch/queue/' || entry_no FROM entry
 UNION ALL
SELECT 'refs/orch/candidate/' || queue_no FROM entry
 WHERE status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally');

-- name: audit_works :many
-- Attempts with a branch of their own.
-- scan: lists all of them, on request only
SELECT t.run_id || '/' || t.task_id AS task, a.attempt_no, a.repo_path, a.branch_name,
       a.worktree_path, a.workspace_status, coalesce(a.head_commit, '') AS head_commit
  FROM attempt AS a JOIN task AS t ON t.task_no = a.task_no
 WHERE a.branch_name <> '' ORDER BY a.attempt_key;

-- name: audit_salvages :many
-- What was told to be saved, by cleanups and by turns.
-- scan: lists all of them, on request only
SELECT t.run_id || '/' || t.task_id, a.repo_path, e.payload ->> 'salvage_ref'
  FROM event AS e
  JOIN task AS t ON t.run_id = e.run_id AND t.task_id = e.task_id
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = e.payload ->> 'attempt_no'
 WHERE e.event_type = 'task_cleaned' AND e.payload ->> 'salvage_ref' IS NOT NULL
UNION
SELECT t.run_id || '/' || t.task_id, a.repo_path, n.salvage_ref
  FROM turn AS n
  JOIN attempt AS a ON a.thread_no = n.thread_no
  JOIN task AS t ON t.task_no = a.task_no
 WHERE n.salvage_ref <> '';

-- name: audit_landed_untested :many
-- What landed has a passed trial of exactly its tree (I18).
-- scan: compares all entries, on request only
SELECT 'ent_' || e.entry_no || ' landed with tree ' || substr(e.tested_tree, 1, 12)
       || ', of which no trial passed'
  FROM entry AS e
 WHERE e.status IN ('landed', 'verified') AND NOT EXISTS (
       SELECT 1 FROM trial AS t
        WHERE t.queue_no = e.queue_no AND t.tree = e.tested_tree AND t.status = 'passed')
 LIMIT 20;

-- name: audit_landing_of_intent :many
-- An entry is landing exactly while an intent names it.
-- scan: compares all entries, on request only
SELECT 'ent_' || e.entry_no || ' is ' || e.status || ', its queue has '
       || CASE WHEN i.queue_no IS NULL THEN 'no landing under way' ELSE 'one that names it' END
  FROM entry AS e
  LEFT JOIN landing_intent AS i ON i.queue_no = e.queue_no AND EXISTS (
       SELECT 1 FROM json_each(i.entries) AS p WHERE p.value ->> '$.entry_no' = e.entry_no)
 WHERE (e.status = 'landing') <> (i.queue_no IS NOT NULL)
 LIMIT 20;

-- name: audit_candidate_of_entry :many
-- A step of a chain stands in the queue of its entry, and rests on a commit.
-- scan: compares all steps, on request only
SELECT 'a step of ent_' || c.entry_no || ' stands in queue ' || c.queue_no || ', the entry in '
       || e.queue_no
  FROM candidate AS c JOIN entry AS e ON e.entry_no = c.entry_no
 WHERE c.queue_no <> e.queue_no OR c.onto = ''
 LIMIT 20;

-- name: audit_trial_of_checks :many
-- A trial passed only if each of its checks did.
-- scan: compares all trials, on request only
SELECT 'trial ' || t.trial_no || ' passed, its check ' || c.check_name || ' is ' || c.status
  FROM trial AS t JOIN trial_check AS c ON c.trial_no = t.trial_no
 WHERE t.status = 'passed' AND c.status <> 'passed'
 LIMIT 20;

-- name: audit_trial_incomplete :many
-- And only if all of them have a result.
-- scan: compares all trials, on request only
SELECT 'trial ' || t.trial_no || ' passed with ' || count(c.check_name) || ' results of '
       || json_array_length(t.checks) || ' checks'
  FROM trial AS t LEFT JOIN trial_check AS c ON c.trial_no = t.trial_no
 WHERE t.status = 'passed' GROUP BY t.trial_no
HAVING count(c.check_name) <> json_array_length(t.checks)
 LIMIT 20;

-- name: audit_rolled_back :many
-- What was taken back is over, and by something that landed or is on its way.
-- scan: compares all entries, on request only
SELECT 'ent_' || e.entry_no || ' was rolled back and is ' || e.status
  FROM entry AS e WHERE e.rolled_back_by IS NOT NULL AND e.status <> 'cancelled'
 LIMIT 20;

-- name: audit_entry_moves :many
-- To be compared with the Machine.
SELECT source, target FROM transition WHERE machine = 'entry';

-- name: audit_landings :many
-- Landings under way, with who runs their queue.
-- scan: they are few
SELECT substr(q.target, 12), q.runner_pid, q.runner_started, q.runner_boot
  FROM landing_intent AS i JOIN queue AS q ON q.queue_no = i.queue_no ORDER BY q.queue_no;

-- name: audit_entry_heads :many
-- Commits that open entries bring, and those that landed.
-- scan: lists all of them, on request only
SELECT 'ent_' || e.entry_no, q.repo_path, e.head_commit,
       CASE WHEN e.status = 'verified' AND e.rolled_back_by IS NULL THEN e.landed_commit ELSE '' END,
       q.target
  FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
 WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally') ORDER BY e.entry_no;

-- name: audit_untold :many
-- What decides about a landing, and what the events tell of it.
-- scan: compares all open entries, on request only
SELECT 'the head of ent_' || e.entry_no || ' is not the one that was queued' AS word
  FROM entry AS e LEFT JOIN event AS v ON v.event_id = e.queued_event
 WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally') AND v.payload ->> '$.head_commit' IS NOT e.head_commit
UNION ALL
SELECT 'an approval of ' || a.given_by || ' on ent_' || e.entry_no || ' was never told'
  FROM entry AS e
  JOIN approval AS a ON a.head_commit = e.head_commit AND a.task_no IS e.task_no
  LEFT JOIN event AS v ON v.event_id = a.event_id
 WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally') AND NOT (
       v.event_type IS 'approval_given' AND v.actor IS a.given_by AND v.run_id IS a.run_id
       AND v.payload ->> '$.kind' IS a.kind AND v.payload ->> '$.verdict' IS a.verdict
       AND v.payload ->> '$.head_commit' IS a.head_commit
       AND v.payload ->> '$.policy_digest' IS a.policy_digest
       AND coalesce(v.payload ->> '$.note', '') IS a.note)
UNION ALL
SELECT 'the risk of ' || t.run_id || '/' || t.task_id || ' is ' || t.risk || ', told was '
       || c.risk
  FROM (SELECT w.task_no, e.entry_no,
               (SELECT v.payload ->> '$.risk' FROM event AS v
                 WHERE v.run_id = w.run_id AND v.task_id = w.task_id
                   AND v.event_type IN ('task_added', 'task_edited')
                   AND v.payload ->> '$.risk' IS NOT NULL
                 ORDER BY v.event_id DESC LIMIT 1) AS risk
          FROM entry AS e JOIN task AS w ON w.task_no = e.task_no WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally')) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE c.risk <> t.risk
UNION ALL
SELECT 'the required checks of ' || t.run_id || '/' || t.task_id || ' are '
       || t.required_checks || ', told were ' || c.checks
  FROM (SELECT w.task_no, e.entry_no,
               (SELECT v.payload -> '$.required_checks' FROM event AS v
                 WHERE v.run_id = w.run_id AND v.task_id = w.task_id
                   AND v.event_type IN ('task_added', 'task_edited')
                   AND v.payload -> '$.required_checks' IS NOT NULL
                 ORDER BY v.event_id DESC LIMIT 1) AS checks
          FROM entry AS e JOIN task AS w ON w.task_no = e.task_no WHERE e.status NOT IN ('cancelled', 'superseded', 'landed_externally')) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE json(c.checks) <> json(t.required_checks)
 LIMIT 20;

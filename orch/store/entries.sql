-- name: entry_repository :part
q.repo_path;

-- name: entry_row :part
-- An entry as operations and passes see it.
SELECT e.entry_no, e.queue_no, e.run_id, e.kind, e.task_no, e.attempt_key, e.reverts, e.head_commit,
       e.base_commit, e.strategy, e.priority, e.rank, e.status, e.reason, e.changed_paths, e.facts,
       e.bounces, e.overtaken, e.failures, e.conflicts, e.errors, e.flakes, e.not_before_at,
       e.tested_tree, e.landed_commit, e.landed_on, e.risk, e.approvals, e.position, e.why,
       e.queued_event, e.released_event, {entry_repository}, q.target, t.task_id
  FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
  LEFT JOIN task AS t ON t.task_no = e.task_no;

-- name: entry_find :maybe
-- Everything an operation decides on.
{entry_row}
 WHERE e.entry_no = :entry_no;

-- name: entry_of_task :many
-- Newest first: the first one is what a task's name means.
SELECT entry_no FROM entry WHERE task_no = :task_no ORDER BY entry_no DESC;

-- name: entry_of_tasks_attempt :maybe
-- Is this attempt on its way to this target already?
SELECT entry_no FROM entry
 WHERE queue_no = :queue_no AND attempt_key = :attempt_key
   AND status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally');

-- name: entry_open_of_queue :many
-- What a pass looks at.
{entry_row}
 WHERE e.queue_no = :queue_no
   AND e.status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally')
 ORDER BY e.priority DESC, e.queued_event;

-- name: entry_landed_of_queue :many
-- What landed here, the newest first: an integration branch's content, what a rollback undoes.
SELECT e.entry_no FROM entry AS e
 WHERE e.run_id = :run_id AND e.queue_no = :queue_no AND e.status IN ('landed', 'verified')
 ORDER BY e.last_event DESC, e.entry_no DESC;

-- name: entry_landed_after :many
-- What went on top of a landed entry: by events, since clocks go back. What landed first is
-- verified first, so the newest event of each tells it.
-- scan: the entries of one queue that landed
SELECT e.entry_no FROM entry AS e
 WHERE e.queue_no = :queue_no AND e.landed_commit <> '' AND e.entry_no <> :entry_no
   AND e.status IN ('landed', 'verified')
   AND e.last_event > (SELECT o.last_event FROM entry AS o WHERE o.entry_no = :entry_no)
 ORDER BY e.last_event;

-- name: entry_insert :one
-- Starts queued; the trigger refuses anything else.
INSERT INTO entry (queue_no, run_id, kind, task_no, attempt_key, reverts, head_commit, base_commit,
                   strategy, priority, rank, changed_paths, facts, bounces, risk, approvals,
                   added_by, queued_event, last_event, created_at, updated_at)
VALUES (:queue_no, :run_id, :kind, :task_no, :attempt_key, :reverts, :head_commit, :base_commit,
        :strategy, :priority, :rank, :changed_paths, :facts, :bounces, :risk, :approvals,
        :added_by, :event_id, :event_id, :now, :now)
RETURNING entry_no;

-- name: entry_move :one
-- Every change of an entry's status; the old one in the WHERE makes a lost race loud. What is no
-- longer on its way has no place in the order.
UPDATE entry
   SET status = :target, reason = :reason, last_event = :event_id, updated_at = :now,
       failures = failures + (:count = 'failures'), conflicts = conflicts + (:count = 'conflicts'),
       errors = errors + (:count = 'errors'), flakes = flakes + (:count = 'flakes'),
       not_before_at = CASE WHEN :not_before > 0 THEN :not_before
                            WHEN :target = 'queued' THEN 0 ELSE not_before_at END,
       position = iif(:on_its_way, position, NULL), why = iif(:on_its_way, why, '')
 WHERE entry_no = :entry_no AND status = :source
RETURNING status;

-- name: entry_count :exec
-- A counter that rises without a change of status.
UPDATE entry
   SET failures = failures + (:count = 'failures'), conflicts = conflicts + (:count = 'conflicts'),
       errors = errors + (:count = 'errors'), flakes = flakes + (:count = 'flakes'),
       overtaken = overtaken + (:count = 'overtaken'), updated_at = :now
 WHERE entry_no = :entry_no;

-- name: entry_forgive :exec
-- A person lets it go on: what it failed before counts no more.
UPDATE entry
   SET failures = 0, conflicts = 0, errors = 0, not_before_at = 0, released_event = :event_id,
       updated_at = :now
 WHERE entry_no = :entry_no;

-- name: entry_land :exec
-- Before the move to landed, whose constraint wants the tested tree.
UPDATE entry
   SET tested_tree = :tree, landed_commit = :commit, landed_on = :target, landed_at = :now,
       updated_at = :now
 WHERE entry_no = :entry_no;

-- name: entry_branch :maybe
SELECT branch_name FROM attempt WHERE attempt_key = :attempt_key;

-- name: entry_see :exec
-- What a pass found out about it.
UPDATE entry
   SET risk = :risk, approvals = :approvals, position = :position, why = :why
 WHERE entry_no = :entry_no;

-- name: entry_roll_back :exec
-- By which entry it was taken back; by itself when the ref was simply put back.
UPDATE entry SET rolled_back_by = :by_no, updated_at = :now WHERE entry_no = :entry_no;

-- name: entry_document :one
-- The published shape.
SELECT document FROM entry_view WHERE entry_no = :entry_no;

-- name: entry_list :many
-- A run's, or all; in the order of their queues, then as they came.
-- scan: a list that was asked for
SELECT e.entry_no, e.queue_no FROM entry AS e
 WHERE (:run_id IS NULL OR e.run_id = :run_id)
   AND (:queue_no IS NULL OR e.queue_no = :queue_no)
   AND (:statuses IS NULL OR e.status IN (SELECT value FROM json_each(:statuses)))
 ORDER BY e.queue_no, e.entry_no;

-- name: entry_waiting_on :many
-- Open entries of tasks that depend, at any distance, on a task.
-- scan: the rows of the walk itself
WITH RECURSIVE walk (task_no) AS (
    SELECT :task_no
     UNION
    SELECT d.task_no FROM walk AS w JOIN dependency AS d ON d.depends_on = w.task_no)
SELECT e.entry_no FROM walk AS w JOIN entry AS e ON e.task_no = w.task_no
 WHERE w.task_no <> :task_no
   AND e.status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally')
 ORDER BY e.entry_no;

-- name: entry_dependents :many
-- Tasks that depend on a task, at any distance.
-- scan: the rows of the walk itself
WITH RECURSIVE walk (task_no) AS (
    SELECT :task_no
     UNION
    SELECT d.task_no FROM walk AS w JOIN dependency AS d ON d.depends_on = w.task_no)
SELECT t.task_no, t.task_id, t.status FROM walk AS w JOIN task AS t ON t.task_no = w.task_no
 WHERE w.task_no <> :task_no ORDER BY t.task_no;

-- name: entry_owners :many
-- Whoever was given any attempt of the task, and whoever claimed its thread.
SELECT assigned_to FROM attempt WHERE task_no = :task_no
 UNION
SELECT l.holder FROM attempt AS a JOIN lease AS l ON l.thread_no = a.thread_no
 WHERE a.task_no = :task_no;

-- name: entry_task_facts :one
-- What the policy asks of a task.
SELECT t.risk, t.rank, t.priority FROM task AS t WHERE t.task_no = :task_no;

-- name: entry_targets :many
-- Where a task's work may be found: the targets it landed on.
SELECT DISTINCT q.target FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
 WHERE e.task_no = :task_no AND e.status IN ('landed', 'verified', 'landed_externally')
   AND q.repo_path = :repo_path;

-- name: entry_conflicting :many
-- Tasks that landed on a queue since a commit's time, with the paths they changed.
-- scan: the entries of one queue
SELECT e.entry_no FROM entry AS e
 WHERE e.queue_no = :queue_no AND e.status IN ('landed', 'verified') AND e.kind = 'task'
   AND EXISTS (SELECT 1 FROM json_each(e.changed_paths) AS p
                WHERE p.value IN (SELECT value FROM json_each(:files)))
 ORDER BY e.last_event DESC LIMIT 20;

-- name: entry_revert_of :maybe
-- Is something taking it back already?
SELECT entry_no FROM entry WHERE reverts = :entry_no
   AND status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally')
 ORDER BY entry_no DESC LIMIT 1;

-- name: entry_landed_with :maybe
-- Did another entry land at this commit, in the same landing?
-- scan: the entries of one queue
SELECT o.entry_no FROM entry AS e JOIN entry AS o ON o.queue_no = e.queue_no
 WHERE e.entry_no = :entry_no AND o.entry_no <> e.entry_no AND o.landed_commit = :commit_id
   AND o.landed_at = e.landed_at LIMIT 1;

-- name: entry_rolled_back :maybe
-- Was this attempt taken back from this queue's target by a revert?
SELECT rolled_back_by FROM entry
 WHERE queue_no = :queue_no AND task_no = :task_no AND attempt_key = :attempt_key
   AND rolled_back_by IS NOT NULL AND rolled_back_by <> entry_no
 ORDER BY entry_no DESC LIMIT 1;

-- name: entry_integrating :many
-- Open entries that bring a run's integration branch somewhere.
SELECT entry_no FROM entry
 WHERE queue_no = :queue_no AND run_id = :run_id AND kind = 'integrate'
   AND status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally')
 ORDER BY entry_no;

-- name: entry_document_seen :one
-- The published shape, with what was just found out.
SELECT json_set(document, '$.position', :position, '$.waits_for', nullif(:why, ''),
                '$.approvals', json(:approvals), '$.risk', :risk)
  FROM entry_view WHERE entry_no = :entry_no;

-- name: entry_untold :many
-- Before a landing is written down: rows that somebody changed behind the log's back.
SELECT 'the head of ent_' || e.entry_no || ' is not the one that was queued' AS word
  FROM entry AS e LEFT JOIN event AS v ON v.event_id = e.queued_event
 WHERE e.entry_no = :entry_no AND v.payload ->> '$.head_commit' IS NOT e.head_commit
UNION ALL
SELECT 'an approval of ' || a.given_by || ' on ent_' || e.entry_no || ' was never told'
  FROM entry AS e
  JOIN approval AS a ON a.head_commit = e.head_commit AND a.task_no IS e.task_no
  LEFT JOIN event AS v ON v.event_id = a.event_id
 WHERE e.entry_no = :entry_no AND NOT (
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
          FROM entry AS e JOIN task AS w ON w.task_no = e.task_no WHERE e.entry_no = :entry_no) AS c
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
          FROM entry AS e JOIN task AS w ON w.task_no = e.task_no WHERE e.entry_no = :entry_no) AS c
  JOIN task AS t ON t.task_no = c.task_no
 WHERE json(c.checks) <> json(t.required_checks);

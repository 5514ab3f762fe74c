-- name: history_runs :many
-- All runs, oldest first: metrics without --run.
-- scan: runs are few
SELECT run_id FROM run ORDER BY created_at, run_id;

-- name: history_open_runs :many
-- What top looks at.
-- scan: the open runs, by their own partial index
SELECT run_id FROM run INDEXED BY run_open WHERE closed_at IS NULL ORDER BY created_at, run_id;

-- name: history_tasks :many
-- In the order they were added.
SELECT t.task_no, t.task_id, t.title, t.status, t.kind, t.priority, t.default_to, t.reason,
       t.latest_attempt_no, t.created_at, t.updated_at, v.document ->> '$.gate.status' AS gate
  FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.run_id = :run_id ORDER BY t.task_no;

-- name: history_edges :many
-- Who waits for whom, within the run.
SELECT p.task_id, t.task_id
  FROM task AS t JOIN dependency AS d ON d.task_no = t.task_no
  JOIN task AS p ON p.task_no = d.depends_on
 WHERE t.run_id = :run_id ORDER BY p.task_no, t.task_no;

-- name: history_attempts :many
-- Each try with its thread's result.
SELECT a.attempt_key, a.task_no, a.attempt_no, a.thread_no, h.thread_id, a.assigned_to, a.status,
       a.execution_mode, a.repo_path, a.base_commit, a.head_commit, a.branch_name,
       a.worktree_path, a.workspace_status, a.dirty_files, a.path_violations, a.liveness,
       a.late_event, h.lost_leases, a.created_at, a.ended_at,
       (SELECT coalesce(nullif(m.summary, ''), m.body) FROM message AS m
         WHERE m.thread_no = a.thread_no AND m.kind = 'result'
         ORDER BY m.event_id DESC LIMIT 1) AS result
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
  JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE t.run_id = :run_id ORDER BY a.task_no, a.attempt_no;

-- name: history_leases :many
-- When somebody was at work, and who.
SELECT a.attempt_key, l.holder, l.claimed_at, l.ended_at, l.ended_by
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
  JOIN lease AS l ON l.thread_no = a.thread_no
 WHERE t.run_id = :run_id ORDER BY a.attempt_key, l.epoch;

-- name: history_words :many
-- Questions and answers, in order.
SELECT a.attempt_key, m.kind, m.from_agent AS sender,
       coalesce(nullif(m.body, ''), m.summary) AS text, m.created_at AS at
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
  JOIN message AS m ON m.thread_no = a.thread_no AND m.kind IN ('question', 'answer')
 WHERE t.run_id = :run_id ORDER BY a.attempt_key, m.event_id;

-- name: history_verifications :many
-- When a task began to be verified, and whatever ends that: pairs are made by the reader.
-- What a thread told is dated by the thread.
SELECT e.task_id, e.event_type, e.thread_no, coalesce(h.created_at, e.created_at)
  FROM event AS e LEFT JOIN event AS h ON h.event_id = e.payload ->> '$.thread_event_id'
 WHERE e.run_id = :run_id AND e.event_type IN ('task_verifying', 'task_done', 'task_failed',
       'task_cancelled', 'task_dispatched')
 ORDER BY e.event_id;

-- name: history_checks :many
-- Every result, the newest of a check last.
SELECT a.attempt_key, c.check_name AS name, c.status, c.source, c.summary, c.duration_ms,
       c.recorded_by, c.created_at AS recorded_at, c.output_head, c.output_tail
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
  JOIN check_result AS c ON c.attempt_key = a.attempt_key
 WHERE t.run_id = :run_id ORDER BY c.result_no;

-- name: history_turns :many
-- What each start of an agent's program took.
SELECT a.attempt_key, n.turn_no, n.agent, n.harness, n.outcome, n.started_at, n.ended_at,
       n.input_tokens, n.output_tokens, n.cost_microusd
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
  JOIN turn AS n ON n.thread_no = a.thread_no
 WHERE t.run_id = :run_id ORDER BY n.turn_key;

-- name: history_entries :many
-- Each time a task's work was on its way to a target, the newest last; moments are the events'.
SELECT e.task_no, e.status, e.conflicts, e.created_at AS queued_at, e.landed_at
  FROM entry AS e WHERE e.run_id = :run_id AND e.kind = 'task' ORDER BY e.entry_no;

-- name: history_attended :many
-- Tasks in which a person had a hand: an approval, an answer, a recorded check, a hold, an attempt
-- that neither a driver nor the queue began.
-- scan: the words of one run's threads
SELECT t.task_no FROM task AS t
 WHERE t.run_id = :run_id AND (
       EXISTS (SELECT 1 FROM approval AS p
                WHERE p.task_no = t.task_no AND p.kind NOT IN ('reviewer', 'council'))
    OR EXISTS (SELECT 1 FROM attempt AS a
                 JOIN message AS m ON m.thread_no = a.thread_no AND m.kind IN ('answer', 'control')
                WHERE a.task_no = t.task_no)
    OR EXISTS (SELECT 1 FROM attempt AS a
                 JOIN check_result AS c ON c.attempt_key = a.attempt_key AND c.source = 'record'
                WHERE a.task_no = t.task_no)
    OR EXISTS (SELECT 1 FROM event AS v
                WHERE v.run_id = t.run_id AND v.task_id = t.task_id
                  AND v.event_type = 'entry_held' AND v.actor NOT IN ('orch', 'drive'))
    OR EXISTS (SELECT 1 FROM attempt AS a
                WHERE a.task_no = t.task_no AND a.attempt_no > 1 AND a.begun_for = ''
                  AND NOT EXISTS (SELECT 1 FROM entry AS e
                                   WHERE e.task_no = t.task_no AND e.attempt_key < a.attempt_key
                                     AND e.conflicts + e.failures > 0)));

-- name: history_tied :many
-- Tasks that wait for another one of the run, or share a lock with one.
SELECT t.task_no FROM task AS t
 WHERE t.run_id = :run_id
   AND (EXISTS (SELECT 1 FROM dependency AS d WHERE d.task_no = t.task_no)
        OR EXISTS (SELECT 1 FROM task_lock AS k
                     JOIN task_lock AS l ON l.lock = k.lock AND l.task_no <> k.task_no
                     JOIN task AS o ON o.task_no = l.task_no AND o.run_id = t.run_id
                    WHERE k.task_no = t.task_no));

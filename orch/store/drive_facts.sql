-- name: facts_task :part
-- What a driver is told of a task: its newest attempt `a`, the lease `l` and last turn `n` of that,
-- its newest entry `e`.
SELECT t.task_no, t.task_id, t.status, t.priority, t.rank, t.chain,
       coalesce(t.execution_mode, '') AS mode, coalesce(t.default_to, '') AS "to",
       coalesce(nullif(t.status_at, 0), t.created_at) AS since, t.last_event AS event, t.reason,
       max(t.not_before_at, iif(t.status = 'dispatched', coalesce(h.not_before_at, 0), 0)) AS not_before,
       t.overtaken, t.latest_attempt_no AS attempt_no, t.max_attempts,
       t.next_attempt_no - 1 - t.latest_attempt_no AS lost, t.required_checks,
       coalesce(a.attempt_key, 0) AS attempt_key, coalesce(a.thread_no, 0) AS thread_no,
       coalesce(a.assigned_to, '') AS assigned_to, coalesce(a.execution_mode, '') AS attempt_mode,
       coalesce(a.repo_path, '') AS repo, coalesce(a.branch_name, '') AS branch,
       coalesce(a.worktree_path, '') AS worktree_path, coalesce(a.end_class, '') AS ended,
       coalesce(a.ended_at, 0) AS ended_at, coalesce(a.head_commit, '') AS head_commit,
       coalesce(n.commits, 0) > 0 OR coalesce(a.head_commit <> a.base_commit, 0) AS has_commits,
       coalesce(nullif(n.reason, ''), t.reason) AS last_line,
       n.turn_key IS NOT NULL AND n.ended_at IS NULL AS is_left,
       coalesce(a.liveness, 'unknown') AS live, l.claimed_at IS NOT NULL AS is_claimed,
       coalesce(l.wall_deadline, 0) AS lease_until,
       EXISTS (SELECT 1 FROM message AS r WHERE r.thread_no = a.thread_no AND r.kind = 'answer'
                  AND r.event_id > (SELECT coalesce(max(q.event_id), 0) FROM message AS q
                                     WHERE q.thread_no = a.thread_no AND q.kind = 'question'))
         AS is_answered,
       coalesce(e.entry_no, 0) AS entry_no, coalesce(e.status, '') AS entry,
       CASE WHEN e.status = 'awaiting_forge' AND p.errors > 0 THEN p.summary
            ELSE coalesce(e.reason, '') END AS entry_text, coalesce(e.approvals, '{}') AS approvals,
       coalesce(e.last_event, 0) AS entry_event
  FROM task AS t
  LEFT JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  LEFT JOIN thread AS h ON h.thread_no = a.thread_no
  LEFT JOIN lease AS l ON l.thread_no = a.thread_no AND l.ended_at IS NULL
  LEFT JOIN turn AS n ON n.thread_no = a.thread_no
   AND n.turn_no = (SELECT max(m.turn_no) FROM turn AS m WHERE m.thread_no = a.thread_no)
  LEFT JOIN entry AS e ON e.entry_no = (SELECT max(o.entry_no) FROM entry AS o
                                         WHERE o.task_no = t.task_no AND o.kind = 'task'
                                           AND o.attempt_key = a.attempt_key)
  LEFT JOIN pull_request AS p ON p.entry_no = e.entry_no;

-- name: facts_open :many
-- Everything that is neither landed nor called off, but for what is ready.
-- scan: the handful of statuses
{facts_task}
 WHERE t.run_id = :run_id
   AND t.status IN (SELECT value FROM json_each('["planned", "dispatched", "running", "blocked",
                                                  "verifying", "failed"]'))
 ORDER BY t.task_no LIMIT :limit;

-- name: facts_ready :many
-- The first in dispatch order, those that were overtaken before all.
{facts_task}
 WHERE t.run_id = :run_id AND t.status = 'ready'
 ORDER BY t.priority DESC, t.rank, t.chain DESC, t.task_no LIMIT :limit;

-- name: facts_overtaken :many
-- Ready, and overtaken as often as may be.
{facts_task}
 WHERE t.run_id = :run_id AND t.status = 'ready' AND t.overtaken >= :most
 ORDER BY t.task_no LIMIT :limit;

-- name: facts_done :many
-- Done code that has something to land, and is on no target yet.
{facts_task}
 WHERE t.run_id = :run_id AND t.status = 'done' AND a.execution_mode = 'code'
   AND NOT EXISTS (SELECT 1 FROM nothing_to_land AS x WHERE x.task_no = t.task_no)
   AND NOT EXISTS (SELECT 1 FROM entry AS o
                    WHERE o.task_no = t.task_no AND o.attempt_key = a.attempt_key
                      AND o.status IN ('verified', 'landed_externally'))
 ORDER BY t.task_no LIMIT :limit;

-- name: facts_ready_count :one
-- How many are left out of the ready ones.
SELECT ready FROM run_tally WHERE run_id = :run_id;

-- name: facts_waits :many
-- What planned tasks wait for.
SELECT t.task_no, p.task_id, p.status
  FROM task AS t JOIN dependency AS d ON d.task_no = t.task_no
  JOIN task AS p ON p.task_no = d.depends_on
 WHERE t.run_id = :run_id AND t.status = 'planned' AND p.status <> 'done'
 ORDER BY t.task_no, p.task_no;

-- name: facts_unlanded :many
-- Prerequisites of ready tasks that are done, and not on a target yet.
SELECT t.task_no, p.task_id, a.attempt_key
  FROM task AS t JOIN dependency AS d ON d.task_no = t.task_no
  JOIN task AS p ON p.task_no = d.depends_on
  JOIN attempt AS a ON a.task_no = p.task_no AND a.attempt_no = p.latest_attempt_no
 WHERE t.run_id = :run_id AND t.status = 'ready' AND a.execution_mode = 'code'
   AND NOT EXISTS (SELECT 1 FROM nothing_to_land AS x WHERE x.task_no = p.task_no)
   AND NOT EXISTS (SELECT 1 FROM entry AS o
                    WHERE o.task_no = p.task_no AND o.attempt_key = a.attempt_key
                      AND o.status IN ('verified', 'landed_externally'))
 ORDER BY t.task_no, p.task_no;

-- name: facts_automatic :many
-- Attempts that were begun by a driver itself, by task and class.
SELECT a.task_no, a.begun_for, count(*)
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
 WHERE t.run_id = :run_id AND a.begun_for <> ''
 GROUP BY a.task_no, a.begun_for ORDER BY a.task_no, a.begun_for;

-- name: facts_late :many
-- Reports that came after their attempt's end, and nobody took yet: the newest of a task.
SELECT t.task_no, max(a.attempt_no)
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no AND a.late_event > 0
 WHERE t.run_id = :run_id AND t.status = 'failed' GROUP BY t.task_no;

-- name: facts_ends :many
-- How attempts ended lately.
SELECT t.task_no, a.end_class, coalesce(nullif(n.reason, ''), t.reason) AS last_line,
       a.ended_at AS at
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
  LEFT JOIN turn AS n ON n.thread_no = a.thread_no
   AND n.turn_no = (SELECT max(m.turn_no) FROM turn AS m WHERE m.thread_no = a.thread_no)
 WHERE t.run_id = :run_id AND a.ended_at > :since AND a.end_class <> ''
   AND a.end_class IS NOT NULL AND a.ended_at IS NOT NULL
 ORDER BY a.ended_at DESC LIMIT :limit;

-- name: facts_checks :many
-- Every result of an attempt's checks, oldest first.
SELECT check_name, status, source, coalesce(head_commit, '') AS head_commit, created_at, summary
  FROM check_result WHERE attempt_key = :attempt_key ORDER BY result_no;

-- name: facts_stale_at :one
-- When an attempt's worker was missed.
SELECT coalesce(max(created_at), 0) FROM event
 WHERE thread_no = :thread_no AND event_type = 'task_stale';

-- name: facts_question :one
-- What was asked last in a thread, as the board has it.
SELECT coalesce(max(coalesce(nullif(body, ''), summary)), '') FROM message
 WHERE event_id = (SELECT max(q.event_id) FROM message AS q
                    WHERE q.thread_no = :thread_no AND q.kind = 'question');

-- name: facts_intents :many
-- Dispatches under way.
SELECT task_no, pid, pid_started, pid_boot, created_at FROM dispatch_intent WHERE run_id = :run_id;

-- name: facts_entries :many
-- Open entries of the queues that a run has entries in, by status.
-- scan: queues are few
SELECT q.queue_no, e.status, count(*) AS count,
       coalesce(min(nullif(e.not_before_at, 0)), 0) AS not_before, max(e.last_event) AS event,
       max(e.kind = 'revert') AS is_revert
  FROM queue AS q JOIN entry AS e ON e.queue_no = q.queue_no
   AND e.status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally')
 WHERE EXISTS (SELECT 1 FROM entry AS o WHERE o.run_id = :run_id AND o.queue_no = q.queue_no)
 GROUP BY q.queue_no, e.status;

-- name: facts_landed :one
-- How much of the run is on a target.
SELECT count(DISTINCT task_no) FROM entry
 WHERE run_id = :run_id AND kind = 'task' AND status IN ('verified', 'landed_externally');

-- name: facts_newest :many
-- The newest event of each kind that a pass asks for, among what came after one.
SELECT event_type, max(event_id), max(created_at) FROM event
 WHERE run_id = :run_id AND event_id > :after
   AND event_type IN ('run_resumed', 'run_paused', 'run_budget', 'task_failed')
 GROUP BY event_type;

-- name: facts_last :one
-- The newest event of a run.
SELECT coalesce(max(event_id), 0) FROM event WHERE run_id = :run_id;

-- name: facts_news :one
-- The newest event of a run that may matter to a queue, after one.
SELECT coalesce(max(event_id), 0) FROM event
 WHERE run_id = :run_id AND event_id > :after
   AND (substr(event_type, 1, 6) IN ('entry_', 'queue_')
        OR event_type IN ('approval_given', 'task_done', 'task_cancelled', 'task_failed',
                          'task_edited', 'task_verification_recorded', 'run_settings'));

-- name: facts_harness :maybe
-- How the newest turn of an agent client ended, and until when its thread is put off.
SELECT n.outcome, n.reason, h.not_before_at, n.turn_key
  FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
 WHERE n.run_id = :run_id AND n.harness = :harness AND n.ended_at IS NOT NULL
 ORDER BY n.turn_key DESC LIMIT 1;

-- name: facts_standing :maybe
-- A worktree of the run whose task is over.
SELECT 1 FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
 WHERE t.run_id = :run_id AND a.workspace_status = 'created'
   AND t.status IN ('done', 'cancelled') LIMIT 1;

-- name: facts_any_open :one
-- Is anything still to be done?
SELECT (SELECT planned + ready + dispatched + running + blocked + verifying + failed
          FROM run_tally WHERE run_id = :run_id) > 0
    OR EXISTS (SELECT 1 FROM task AS t
                 JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
                WHERE t.run_id = :run_id AND t.status = 'done' AND a.execution_mode = 'code'
                  AND NOT EXISTS (SELECT 1 FROM nothing_to_land AS x WHERE x.task_no = t.task_no)
                  AND NOT EXISTS (SELECT 1 FROM entry AS o
                                   WHERE o.task_no = t.task_no AND o.attempt_key = a.attempt_key
                                     AND o.status IN ('verified', 'landed_externally')));

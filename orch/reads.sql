-- name: blocked_tasks :many
-- The latest question of each blocked task, and whether somebody else answered since.
SELECT v.document,
       (SELECT document FROM attempt_view WHERE attempt_key = a.attempt_key),
       (SELECT document FROM message_view WHERE event_id = q.event_id),
       EXISTS (SELECT 1 FROM message AS r
                WHERE r.thread_no = a.thread_no AND r.event_id > q.event_id
                  AND r.kind = 'answer')
  FROM task AS t
  JOIN task_view AS v ON v.task_no = t.task_no
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  LEFT JOIN message AS q ON q.event_id = (
       SELECT max(m.event_id) FROM message AS m
        WHERE m.thread_no = a.thread_no AND m.kind = 'question')
 WHERE t.run_id = :run_id AND t.status = 'blocked'
 ORDER BY t.task_no;

-- name: status_tasks :many
-- Everything about a run's tasks, in no order: who reads it sorts numbers, not documents. Where the
-- run's own branch was brought to is asked once: it holds what was over before.
WITH brought (event_id, target) AS MATERIALIZED (
    SELECT max(e.queued_event), substr(q.target, 12)
      FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
     WHERE e.run_id = :run_id AND e.kind = 'integrate'
       AND e.status IN ('verified', 'landed_externally'))
SELECT v.document,
       (SELECT document FROM attempt_view WHERE attempt_key = a.attempt_key),
       (SELECT document FROM message_view WHERE event_id = h.last_message),
       CASE WHEN t.status = 'blocked' THEN (
            SELECT document FROM message_view WHERE event_id = (
                   SELECT max(m.event_id) FROM message AS m
                    WHERE m.thread_no = a.thread_no AND m.kind = 'question')) END,
       CASE WHEN EXISTS (SELECT 1 FROM nothing_to_land AS l WHERE l.task_no = t.task_no) THEN
            json_object('entry_id', NULL, 'status', 'nothing_to_land', 'target', NULL,
                        'landed_commit', NULL, 'reason', NULL, 'integrated_into', NULL)
       ELSE (
        SELECT json_object('entry_id', 'ent_' || e.entry_no, 'status', e.status,
                           'target', substr(q.target, 12),
                           'landed_commit', nullif(e.landed_commit, ''),
                           'reason', nullif(e.reason, ''),
                           'integrated_into', (SELECT b.target FROM brought AS b
                                                WHERE b.event_id > e.last_event))
          FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
         WHERE e.task_no = t.task_no AND e.kind = 'task' ORDER BY e.entry_no DESC LIMIT 1) END,
       t.task_no
  FROM task AS t
  JOIN task_view AS v ON v.task_no = t.task_no
  LEFT JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  LEFT JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE t.run_id = :run_id AND (:through IS NULL OR t.task_no <= :through
        OR t.status IN ('dispatched', 'running', 'blocked', 'verifying'));

-- name: status_nth_task :maybe
-- The last of a run's first tasks.
SELECT task_no FROM task WHERE run_id = :run_id ORDER BY task_no LIMIT 1 OFFSET :most - 1;

-- name: status_briefs :many
-- Of the tasks behind the first, where nobody works on them: what the next step is told by.
SELECT json_object('task_id', t.task_id, 'status', t.status,
           'execution_mode', t.execution_mode, 'default_to', t.default_to,
           'latest_attempt', CASE WHEN a.attempt_key IS NOT NULL THEN json_object(
               'branch_name', a.branch_name, 'workspace_status', a.workspace_status,
               'dirty_files', a.dirty_files, 'path_violations', json(a.path_violations)) END,
           'integration', CASE WHEN a.attempt_key IS NULL THEN NULL
               WHEN EXISTS (SELECT 1 FROM nothing_to_land AS l WHERE l.task_no = t.task_no)
               THEN json_object('status', 'nothing_to_land')
               ELSE (SELECT json_object('status', e.status) FROM entry AS e
                      WHERE e.task_no = t.task_no AND e.kind = 'task'
                      ORDER BY e.entry_no DESC LIMIT 1) END),
       t.task_no
  FROM task AS t
  LEFT JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.run_id = :run_id AND t.task_no > :after
   AND t.status NOT IN ('dispatched', 'running', 'blocked', 'verifying');

-- name: one_task :one
-- A task but for its gate, and its way to a target as status tells it.
WITH brought (event_id, target) AS MATERIALIZED (
    SELECT max(e.queued_event), substr(q.target, 12)
      FROM task AS r JOIN entry AS e ON e.run_id = r.run_id
      JOIN queue AS q ON q.queue_no = e.queue_no
     WHERE r.task_no = :task_no AND e.kind = 'integrate'
       AND e.status IN ('verified', 'landed_externally'))
SELECT json_remove(v.document, '$.gate'),
       CASE WHEN EXISTS (SELECT 1 FROM nothing_to_land AS l WHERE l.task_no = t.task_no) THEN
            json_object('entry_id', NULL, 'status', 'nothing_to_land', 'target', NULL,
                        'landed_commit', NULL, 'reason', NULL, 'integrated_into', NULL)
       ELSE (
        SELECT json_object('entry_id', 'ent_' || e.entry_no, 'status', e.status,
                           'target', substr(q.target, 12),
                           'landed_commit', nullif(e.landed_commit, ''),
                           'reason', nullif(e.reason, ''),
                           'integrated_into', (SELECT b.target FROM brought AS b
                                                WHERE b.event_id > e.last_event))
          FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
         WHERE e.task_no = t.task_no AND e.kind = 'task' ORDER BY e.entry_no DESC LIMIT 1) END
  FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.task_no = :task_no;

-- name: thread_words :one
-- How its work was reported, and what was said last; events such as a claim are no words.
SELECT (SELECT document FROM message_view WHERE event_id = (
               SELECT max(m.event_id) FROM message AS m
                WHERE m.thread_no = h.thread_no AND m.kind = 'result')),
       (SELECT document FROM message_view WHERE event_id = (
               SELECT max(m.event_id) FROM message AS m
                WHERE m.thread_no = h.thread_no AND m.kind <> 'event'))
  FROM thread AS h WHERE h.thread_no = :thread_no;

-- name: task_with_attempt :one
-- A task and its newest attempt.
SELECT v.document, (SELECT document FROM attempt_view
                     WHERE task_no = t.task_no AND attempt_no = t.latest_attempt_no)
  FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.task_no = :task_no;

-- name: wait_state :maybe
-- The first that was told among the run's tasks in a status: one step along the index.
SELECT task_no, last_event FROM task
 WHERE run_id = :run_id AND status = :status ORDER BY last_event LIMIT 1;

-- name: wait_state_blocked :maybe
-- Blocked tasks are few; one counts while its latest question is unanswered.
SELECT t.task_no, t.last_event
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.run_id = :run_id AND t.status = 'blocked'
   AND NOT EXISTS (SELECT 1 FROM message AS r
                    WHERE r.thread_no = a.thread_no AND r.kind = 'answer'
                      AND r.event_id > (SELECT max(q.event_id) FROM message AS q
                                         WHERE q.thread_no = a.thread_no AND q.kind = 'question'))
 ORDER BY t.last_event LIMIT 1;

-- name: wait_state_stale :maybe
-- With the event that told it: the newest of its kind in the attempt's thread.
SELECT t.task_no, (SELECT max(e.event_id) FROM event AS e
                    WHERE e.thread_no = a.thread_no AND e.event_type = 'task_stale') AS told
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.run_id = :run_id AND t.status IN ('running', 'blocked') AND a.liveness IN ('stale', 'gone')
 ORDER BY told LIMIT 1;

-- name: wait_state_entry :maybe
-- The first that was told among the run's entries in a status.
SELECT coalesce(task_no, 0), last_event FROM entry
 WHERE run_id = :run_id AND status = :status ORDER BY last_event LIMIT 1;

-- name: driven_by :maybe
-- Who drives a run, and whether it is paused; no row where nobody ever did or said anything.
SELECT paused, runner_pid, runner_started, runner_boot FROM drive WHERE run_id = :run_id;

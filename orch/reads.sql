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
-- Everything about a run's tasks, in the order they were added.
SELECT v.document,
       (SELECT document FROM attempt_view WHERE attempt_key = a.attempt_key),
       (SELECT document FROM message_view WHERE event_id = h.last_message),
       CASE WHEN t.status = 'blocked' THEN (
            SELECT document FROM message_view WHERE event_id = (
                   SELECT max(m.event_id) FROM message AS m
                    WHERE m.thread_no = a.thread_no AND m.kind = 'question')) END
  FROM task AS t
  JOIN task_view AS v ON v.task_no = t.task_no
  LEFT JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  LEFT JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE t.run_id = :run_id
 ORDER BY t.task_no;

-- name: task_with_attempt :one
-- A task and its newest attempt.
SELECT v.document, (SELECT document FROM attempt_view
                     WHERE task_no = t.task_no AND attempt_no = t.latest_attempt_no)
  FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.task_no = :task_no;

-- name: wait_state :maybe
-- What is so already, in the order the tasks were added.
-- scan: the kinds of one call; then the index of a run's statuses
SELECT k.value, t.task_no
  FROM json_each(:kinds) AS k
  JOIN task AS t ON t.run_id = :run_id AND t.status = CASE k.value
       WHEN 'task_blocked' THEN 'blocked' WHEN 'task_done' THEN 'done'
       WHEN 'task_failed' THEN 'failed' WHEN 'task_cancelled' THEN 'cancelled'
       WHEN 'task_verifying' THEN 'verifying' END
 WHERE k.value <> 'task_blocked' OR NOT EXISTS (
       SELECT 1 FROM attempt AS a
        WHERE a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
          AND EXISTS (SELECT 1 FROM message AS r
                       WHERE r.thread_no = a.thread_no AND r.kind = 'answer'
                         AND r.event_id > (SELECT max(q.event_id) FROM message AS q
                                            WHERE q.thread_no = a.thread_no
                                              AND q.kind = 'question')))
 UNION ALL
SELECT 'task_stale', t.task_no
  FROM task AS t
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.run_id = :run_id AND t.status IN ('running', 'blocked') AND a.liveness = 'stale'
   AND EXISTS (SELECT 1 FROM json_each(:kinds) WHERE value = 'task_stale')
 LIMIT 1;

-- name: wait_state_event :one
-- Which event told it.
SELECT coalesce(max(e.event_id), 0) FROM event AS e JOIN task AS t ON t.task_no = :task_no
 WHERE e.run_id = :run_id AND e.task_id = t.task_id AND e.event_type = :kind;

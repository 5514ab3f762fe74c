-- name: news_any :maybe
-- The cheap question before any write lock.
SELECT 1 FROM event
 WHERE run_id = :run_id AND event_id > :after AND thread_no IS NOT NULL
   AND substr(event_type, 1, 7) = 'thread_' LIMIT 1;

-- name: news_of_run :many
-- Along the run's part of the log, so the cost is that of the change.
SELECT e.event_id, e.event_type, e.actor, e.thread_no, e.status, e.assigned_to,
       coalesce(m.summary, '')
  FROM event AS e LEFT JOIN message AS m ON m.event_id = e.event_id
 WHERE e.run_id = :run_id AND e.event_id > :after AND e.thread_no IS NOT NULL
   AND substr(e.event_type, 1, 7) = 'thread_'
 ORDER BY e.event_id;

-- name: event_first_of_types :maybe
-- wait: the first that fits after the start.
SELECT event_id, coalesce(task_id, '') FROM event
 WHERE run_id = :run_id AND event_id > :after
   AND event_type IN (SELECT value FROM json_each(:types))
 ORDER BY event_id LIMIT 1;

-- name: event_page :many
-- orch events.
SELECT v.event_id, v.document FROM event AS e JOIN event_view AS v ON v.event_id = e.event_id
 WHERE e.run_id = :run_id AND e.event_id > :after
   AND (:types IS NULL OR e.event_type IN (SELECT value FROM json_each(:types)))
 ORDER BY e.event_id LIMIT :limit;

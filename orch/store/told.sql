-- name: told_of :maybe
SELECT offered, delivered FROM told WHERE leader = :leader AND run_id = :run_id;

-- name: told_offer :exec
INSERT INTO told (leader, run_id, offered, event_id, delivered)
VALUES (:leader, :run_id, :through, :event_id, 0)
ON CONFLICT DO UPDATE SET offered = max(offered, :through), event_id = max(event_id, :event_id);

-- name: told_deliver :exec
UPDATE told SET delivered = max(delivered, :through), offered = max(offered, :through)
 WHERE leader = :leader AND run_id = :run_id;

-- name: told_news :many
-- Along the run's part of the log.
SELECT e.event_id, e.event_type, coalesce(e.task_id, '') AS task_id, e.actor AS who,
       coalesce(e.summary, '') AS text, e.created_at AS since
  FROM event AS e
 WHERE e.run_id = :run_id AND e.event_id > :after
   AND e.event_type IN (SELECT value FROM json_each(:types))
 ORDER BY e.event_id;

-- name: told_newest :maybe
-- Backwards along the run's part of the log.
SELECT event_id FROM event
 WHERE run_id = :run_id AND event_type = :event_type AND coalesce(task_id, '') = :task_id
 ORDER BY event_id DESC LIMIT 1;

-- name: told_last_of_run :one
SELECT coalesce(max(event_id), 0) FROM event WHERE run_id = :run_id;

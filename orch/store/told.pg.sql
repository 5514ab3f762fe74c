-- name: told_offer :exec
INSERT INTO told AS t (leader, run_id, offered, event_id, delivered)
VALUES (:leader, :run_id, :through, :event_id, 0)
ON CONFLICT (leader, run_id) DO UPDATE
   SET offered = greatest(t.offered, :through), event_id = greatest(t.event_id, :event_id);

-- name: told_deliver :exec
UPDATE told SET delivered = greatest(delivered, :through), offered = greatest(offered, :through)
 WHERE leader = :leader AND run_id = :run_id;

-- name: told_news :many
SELECT e.event_id, e.event_type, coalesce(e.task_id, '') AS task_id, e.actor AS who,
       coalesce(e.summary, '') AS text, e.created_at AS since
  FROM event AS e
 WHERE e.run_id = :run_id AND e.event_id > :after
   AND e.event_type IN (SELECT value FROM json_array_elements_text((:types)::json))
 ORDER BY e.event_id;

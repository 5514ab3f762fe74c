-- name: told_offer :exec
INSERT INTO told AS t (leader, run_id, offered, event_id, delivered)
VALUES (:leader, :run_id, :through, :event_id, 0)
ON CONFLICT (leader, run_id) DO UPDATE
   SET offered = greatest(t.offered, :through), event_id = greatest(t.event_id, :event_id);

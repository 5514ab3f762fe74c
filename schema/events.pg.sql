-- name: event_record :one
-- The counter's row is locked since the transaction began: ids have no gap.
WITH given AS (UPDATE counter SET last = last + 1 WHERE name = 'event' RETURNING last)
INSERT INTO event (event_id, event_type, actor, thread_no, run_id, task_id, status, assigned_to,
                   summary, payload, tx_id, created_at)
SELECT last, :event_type, :actor, :thread_no, :run_id, :task_id, :status, :assigned_to,
       :summary, :payload, :tx_id, :now
  FROM given
RETURNING event_id;

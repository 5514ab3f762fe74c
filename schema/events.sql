-- name: event_record :one
-- The only statement that writes events.
INSERT INTO event (event_type, actor, thread_no, run_id, task_id, status, assigned_to,
                   summary, payload, tx_id, created_at)
VALUES (:event_type, :actor, :thread_no, :run_id, :task_id, :status, :assigned_to,
        :summary, :payload, :tx_id, :now)
RETURNING event_id;

-- name: event_last :one
-- Where a wait begins that was given no start.
SELECT coalesce(max(event_id), 0) FROM event;

-- name: event_document :one
-- The published shape.
SELECT document FROM event_view WHERE event_id = :event_id;

-- name: event_of_transaction :maybe
-- After an I/O error out of COMMIT: did it happen after all? (reliability A11)
SELECT 1 FROM event WHERE event_id = :event_id AND tx_id = :tx_id;

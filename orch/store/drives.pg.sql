-- name: drive_refusal_put :exec
INSERT INTO refusal AS r (task_no, kind, text, count, at, event_id)
VALUES (:task_no, :kind, :text, 1, :at, :event_id)
ON CONFLICT (task_no) DO UPDATE
   SET count = CASE WHEN r.kind = :kind THEN r.count + 1 ELSE 1 END, kind = :kind, text = :text,
       at = :at, event_id = CASE WHEN r.kind = :kind THEN r.event_id ELSE :event_id END;

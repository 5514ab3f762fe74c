-- name: drive_pass_list :many
SELECT pass_no, run_id, fence, planner, snapshot, decisions,
       orch_iso(created_at) AS at
  FROM drive_pass
 WHERE run_id = :run_id AND pass_no > :after_no
 ORDER BY pass_no LIMIT :limit;

-- name: drive_pass_last :maybe
SELECT pass_no, run_id, fence, planner, snapshot, decisions,
       orch_iso(created_at) AS at
  FROM drive_pass WHERE run_id = :run_id ORDER BY pass_no DESC LIMIT 1;

-- name: drive_refusal_put :exec
INSERT INTO refusal AS r (task_no, kind, text, count, at, event_id)
VALUES (:task_no, :kind, :text, 1, :at, :event_id)
ON CONFLICT (task_no) DO UPDATE
   SET count = CASE WHEN r.kind = :kind THEN r.count + 1 ELSE 1 END, kind = :kind, text = :text,
       at = :at, event_id = CASE WHEN r.kind = :kind THEN r.event_id ELSE :event_id END;

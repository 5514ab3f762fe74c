-- name: artifact_of_thread :many
-- In the order they were sent.
SELECT json_set(v.document, '$.message_id', 'msg_' || m.event_id)
  FROM message AS m JOIN artifact_view AS v ON v.event_id = m.event_id
 WHERE m.thread_no = :thread_no
 ORDER BY m.event_id, v.ordinal;

-- name: artifact_find :maybe
-- By its id.
SELECT v.document, a.path, a.sha256, a.copied
  FROM artifact AS a JOIN artifact_view AS v USING (artifact_no)
 WHERE a.artifact_no = :artifact_no;

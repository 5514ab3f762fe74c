-- name: artifact_of_thread :many
SELECT left(v.document, -1) || ',"message_id":"msg_' || m.event_id || '"}'
  FROM message AS m JOIN artifact_view AS v ON v.event_id = m.event_id
 WHERE m.thread_no = :thread_no
 ORDER BY m.event_id, v.ordinal;

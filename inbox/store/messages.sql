-- name: message_insert :exec
-- The only statement that writes messages (I2).
INSERT INTO message (event_id, thread_no, kind, from_agent, to_agent, summary, body, payload,
                     reply_to, created_at)
VALUES (:event_id, :thread_no, :kind, :from_agent, :to_agent, :summary, :body, :payload,
        :reply_to, :now);

-- name: artifact_insert :exec
-- Hashed before the transaction began.
INSERT INTO artifact (event_id, ordinal, path, kind, metadata, size, sha256, copied)
VALUES (:event_id, :ordinal, :path, :kind, :metadata, :size, :sha256, :copied);

-- name: message_document :one
-- The published shape.
SELECT document FROM message_view WHERE event_id = :event_id;

-- name: message_page :many
-- Oldest first, so that a cursor can follow.
SELECT event_id, document FROM message_view
 WHERE thread_no = :thread_no AND event_id > :after
 ORDER BY event_id LIMIT :limit;

-- name: message_in_thread :maybe
-- An id of another thread's message is a mistake worth telling.
SELECT 1 FROM message WHERE event_id = :event_id AND thread_no = :thread_no;

-- name: message_any :maybe
-- Beyond a thread's last one there may be those of others.
SELECT 1 FROM message WHERE event_id = :event_id;

-- name: message_first_match :maybe
-- wait-reply: one's own messages never match.
SELECT event_id, to_agent FROM message
 WHERE thread_no = :thread_no AND event_id > :after
   AND kind IN (SELECT value FROM json_each(:kinds))
   AND (:not_from IS NULL OR from_agent <> :not_from)
 ORDER BY event_id LIMIT 1;

-- name: message_last_from :one
-- Where wait-reply starts that was given no start.
SELECT coalesce(max(event_id), 0) FROM message
 WHERE thread_no = :thread_no AND from_agent = :agent;

-- name: message_control_since :maybe
-- How a holder learns, when it renews, that somebody wants it to stop.
SELECT 1 FROM message
 WHERE thread_no = :thread_no AND event_id > :since AND kind = 'control' AND to_agent = :agent
 LIMIT 1;

-- name: message_late_result :maybe
-- A late result handed in twice is kept once.
SELECT m.event_id FROM message AS m JOIN event AS e USING (event_id)
 WHERE m.thread_no = :thread_no AND e.event_type = 'thread_late_result'
   AND m.from_agent = :agent AND m.summary = :summary AND m.body = :body AND m.payload = :payload
 ORDER BY m.event_id LIMIT 1;

-- name: message_last_words :maybe
-- What a next attempt is told about the one before.
SELECT summary, body FROM message
 WHERE thread_no = :thread_no AND kind IN ('result', 'control', 'question')
 ORDER BY event_id DESC LIMIT 1;

-- name: message_result :maybe
-- The text of the newest result: the body, else the payload.
SELECT CASE WHEN trim(body) = '' THEN payload ELSE body END FROM message
 WHERE thread_no = :thread_no AND kind = 'result'
 ORDER BY event_id DESC LIMIT 1;

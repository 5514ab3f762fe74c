-- name: text_next :maybe
-- The first message after the index.
SELECT 1 FROM message
 WHERE event_id > (SELECT indexed_through FROM message_text_state WHERE only_row = 1) LIMIT 1;

-- name: text_index :exec
-- The next messages, by their ids.
INSERT INTO message_text (rowid, subject, summary, body)
SELECT m.event_id, t.subject, m.summary, m.body
  FROM message AS m JOIN thread AS t USING (thread_no)
 WHERE m.event_id > (SELECT indexed_through FROM message_text_state WHERE only_row = 1)
 ORDER BY m.event_id LIMIT :step;

-- name: text_advance :exec
-- The same messages, counted the same way, under the same write lock.
UPDATE message_text_state
   SET indexed_through = coalesce((
       SELECT max(event_id) FROM (
              SELECT event_id FROM message WHERE event_id > indexed_through
               ORDER BY event_id LIMIT :step)), indexed_through)
 WHERE only_row = 1;

-- name: text_index :exec
INSERT INTO message_text (event_id, words)
SELECT m.event_id,
       to_tsvector('simple', orch_words(t.subject || ' ' || m.summary || ' ' || m.body, ''))
  FROM message AS m JOIN thread AS t USING (thread_no)
 WHERE m.event_id > (SELECT indexed_through FROM message_text_state WHERE only_row = 1)
 ORDER BY m.event_id LIMIT :step;

-- name: text_advance :exec
UPDATE message_text_state
   SET indexed_through = coalesce((
       SELECT max(event_id) FROM (
              SELECT event_id FROM message WHERE event_id > indexed_through
               ORDER BY event_id LIMIT :step) AS next), indexed_through)
 WHERE only_row = 1;

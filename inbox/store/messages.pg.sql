-- name: message_first_match :maybe
SELECT event_id, to_agent FROM message
 WHERE thread_no = :thread_no AND event_id > :after
   AND kind IN (SELECT value FROM json_array_elements_text(:kinds::json))
   AND (:not_from IS NULL OR from_agent <> :not_from)
 ORDER BY event_id LIMIT 1;

-- name: fetch_all :many
-- Without an agent: back along the log, each thread at its newest event.
-- scan: bounded by LIMIT along the primary key of the log
SELECT v.document, 0
  FROM event AS e
 CROSS JOIN thread AS t
  JOIN thread_view AS v ON v.thread_no = t.thread_no
 WHERE t.thread_no = e.thread_no AND t.last_event = e.event_id AND +t.status IN (SELECT value FROM json_each(:statuses)) AND :reader IS NULL
 ORDER BY e.event_id DESC LIMIT :limit;

-- name: fetch_assigned :many
-- One index walk per (assignee, status), newest first, then the newest of those; only what is
-- answered becomes a document.
-- scan: the few (assignee, status) pairs of one call
SELECT v.document,
       (SELECT count(*) FROM message AS m
         WHERE m.thread_no = t.thread_no AND m.event_id > coalesce(
               (SELECT last_read FROM cursor WHERE agent = :reader AND thread_no = t.thread_no), 0))
  FROM (SELECT c.thread_no, c.last_event
          FROM json_each(:offers) AS o
          JOIN thread AS c ON c.thread_no IN (
               SELECT n.thread_no FROM thread AS n
                WHERE n.assigned_to = o.value ->> 0 AND n.status = o.value ->> 1
                  AND (:unread_only = 0 OR n.last_message > coalesce(
                      (SELECT last_read FROM cursor
                        WHERE agent = :reader AND thread_no = n.thread_no), 0))
                ORDER BY n.last_event DESC LIMIT :limit)
         ORDER BY c.last_event DESC LIMIT :limit) AS t
 CROSS JOIN thread_view AS v
 WHERE v.thread_no = t.thread_no
 ORDER BY t.last_event DESC;

-- name: list_all :many
-- No selective filter: walk the primary key backwards.
-- scan: bounded by LIMIT along the primary key
SELECT v.document FROM thread AS t JOIN thread_view AS v USING (thread_no)
 WHERE t.last_event > :after_event
   AND :agent IS NULL AND :created_by IS NULL AND :run IS NULL AND :statuses IS NULL
 ORDER BY t.thread_no DESC LIMIT :limit;

-- name: list_of_assignee :many
-- The agent's threads, newest first.
SELECT v.document FROM thread AS t JOIN thread_view AS v USING (thread_no)
 WHERE t.assigned_to = :agent AND t.last_event > :after_event
   AND (:created_by IS NULL OR t.created_by = :created_by)
   AND (:run IS NULL OR t.run_id = :run)
   AND (:statuses IS NULL OR t.status IN (SELECT value FROM json_each(:statuses)))
 ORDER BY t.thread_no DESC LIMIT :limit;

-- name: list_of_run :many
-- A run's threads, newest first.
SELECT v.document FROM thread AS t JOIN thread_view AS v USING (thread_no)
 WHERE t.run_id = :run AND t.last_event > :after_event AND :agent IS NULL
   AND (:created_by IS NULL OR t.created_by = :created_by)
   AND (:statuses IS NULL OR t.status IN (SELECT value FROM json_each(:statuses)))
 ORDER BY t.thread_no DESC LIMIT :limit;

-- name: list_of_creator :many
-- What one agent has sent, newest first.
SELECT v.document FROM thread AS t JOIN thread_view AS v USING (thread_no)
 WHERE t.created_by = :created_by AND t.last_event > :after_event
   AND :agent IS NULL AND :run IS NULL
   AND (:statuses IS NULL OR t.status IN (SELECT value FROM json_each(:statuses)))
 ORDER BY t.thread_no DESC LIMIT :limit;

-- name: list_of_status :many
-- One index walk per status, then the newest of those.
-- scan: a few statuses, each the newest of one index
SELECT v.document
  FROM (SELECT n.thread_no
          FROM json_each(:statuses) AS s
          JOIN thread AS n ON n.thread_no IN (
               SELECT c.thread_no FROM thread AS c
                WHERE c.status = s.value AND c.last_event > :after_event
                ORDER BY c.thread_no DESC LIMIT :limit)
         ORDER BY n.thread_no DESC LIMIT :limit) AS t
 CROSS JOIN thread_view AS v
 WHERE v.thread_no = t.thread_no AND :agent IS NULL AND :run IS NULL AND :created_by IS NULL
 ORDER BY t.thread_no DESC;

-- name: event_first :maybe
-- watch: along the log from the cursor, which is the primary key.
SELECT event_id FROM event
 WHERE event_id > :after AND thread_no IS NOT NULL AND :run IS NULL
   AND (:agent IS NULL OR assigned_to = :agent)
   AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
 ORDER BY event_id LIMIT 1;

-- name: event_first_of_run :maybe
-- watch --run: along the run's part of the log.
SELECT event_id FROM event
 WHERE run_id = :run AND event_id > :after AND thread_no IS NOT NULL
   AND (:agent IS NULL OR assigned_to = :agent)
   AND (:statuses IS NULL OR status IN (SELECT value FROM json_each(:statuses)))
 ORDER BY event_id LIMIT 1;

-- name: event_parts :one
-- The thread as it is now and the message as it was sent.
SELECT (SELECT document FROM thread_view WHERE thread_no = e.thread_no),
       (SELECT document FROM message_view WHERE event_id = e.event_id)
  FROM event AS e WHERE e.event_id = :event_id;

-- name: search_ranked :many
-- Best match first; the index holds words only, the texts come from their messages.
-- scan: the full-text index is the search
SELECT json_set(v.document, '$.subject', t.subject, '$.status', t.status)
  FROM message_text AS f
  JOIN message AS m ON m.event_id = f.rowid
  JOIN thread AS t ON t.thread_no = m.thread_no
  JOIN message_view AS v ON v.event_id = m.event_id
 WHERE message_text MATCH :words
   AND (:agent IS NULL OR t.assigned_to = :agent)
   AND (:thread_no IS NULL OR m.thread_no = :thread_no)
 ORDER BY f.rank, m.event_id DESC LIMIT :limit;

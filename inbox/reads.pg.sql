-- name: fetch_all :many
SELECT v.document, 0
  FROM event AS e
  JOIN thread AS t ON t.thread_no = e.thread_no AND t.last_event = e.event_id
  JOIN thread_view AS v ON v.thread_no = t.thread_no
 WHERE t.status IN (SELECT value FROM json_array_elements_text(:statuses::json))
   AND :reader IS NULL
 ORDER BY e.event_id DESC LIMIT :limit;

-- name: fetch_assigned :many
-- LATERAL keeps one index walk per pair: a join by IN hashes the whole table.
SELECT v.document,
       (SELECT count(*) FROM message AS m
         WHERE m.thread_no = t.thread_no AND m.event_id > coalesce(
               (SELECT last_read FROM cursor WHERE agent = :reader AND thread_no = t.thread_no), 0))
  FROM (SELECT c.thread_no, c.last_event
          FROM json_array_elements_text(:offers::json) AS o
         CROSS JOIN LATERAL (
               SELECT n.thread_no, n.last_event FROM thread AS n
                WHERE n.assigned_to = o.value::json ->> 0 AND n.status = o.value::json ->> 1
                  AND (:unread_only = 0 OR n.last_message > coalesce(
                      (SELECT last_read FROM cursor
                        WHERE agent = :reader AND thread_no = n.thread_no), 0))
                ORDER BY n.last_event DESC LIMIT :limit) AS c
         ORDER BY c.last_event DESC LIMIT :limit) AS t
  JOIN thread_view AS v ON v.thread_no = t.thread_no
 ORDER BY t.last_event DESC;

-- name: list_of_status :many
SELECT v.document
  FROM (SELECT c.thread_no
          FROM json_array_elements_text(:statuses::json) AS s
         CROSS JOIN LATERAL (
               SELECT n.thread_no FROM thread AS n
                WHERE n.status = s.value AND n.last_event > :after_event
                ORDER BY n.thread_no DESC LIMIT :limit) AS c
         ORDER BY c.thread_no DESC LIMIT :limit) AS t
  JOIN thread_view AS v ON v.thread_no = t.thread_no
 WHERE :agent IS NULL AND :run IS NULL AND :created_by IS NULL
 ORDER BY t.thread_no DESC;

-- name: search_ranked :many
-- The words are quoted as SQLite's index wants them; a quoted sign is none of a word.
SELECT left(v.document, -1) || ',' || substr((SELECT row_to_json(r_) FROM (SELECT
           t.subject AS "subject", t.status AS "status") AS r_)::text, 2)
  FROM websearch_to_tsquery('simple', orch_words(replace(:words, '""', ' '), '"')) AS w
  JOIN message_text AS f ON f.words @@ w
  JOIN message AS m ON m.event_id = f.event_id
  JOIN thread AS t ON t.thread_no = m.thread_no
  JOIN message_view AS v ON v.event_id = m.event_id
 WHERE (:agent IS NULL OR t.assigned_to = :agent)
   AND (:thread_no IS NULL OR m.thread_no = :thread_no)
 ORDER BY ts_rank(f.words, w) DESC, m.event_id DESC LIMIT :limit;

-- name: audit_integrity :many
-- Every page, index and constraint, as SQLite itself checks them; one row `ok` when all is well.
-- scan: reads the whole file, on request only
SELECT integrity_check FROM pragma_integrity_check LIMIT 20;

-- name: audit_foreign_keys :many
-- Rows that point at nothing.
-- scan: reads the whole file, on request only
SELECT "table" || ' row ' || coalesce(rowid, '?') || ' names no ' || "parent"
  FROM pragma_foreign_key_check LIMIT 20;

-- name: audit_event_gap :one
-- Ids are 1 … n (I8): how many there are, the first, the last, and the last ever given out.
-- scan: counts the whole log, on request only
SELECT count(*), coalesce(min(event_id), 0), coalesce(max(event_id), 0),
       coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'event'), 0)
  FROM event;

-- name: audit_message_without_event :many
-- A message is an event with words: same id, same thread.
-- scan: joins the whole log, on request only
SELECT 'msg_' || m.event_id
  FROM message AS m LEFT JOIN event AS e USING (event_id)
 WHERE e.event_id IS NULL OR e.thread_no IS NOT m.thread_no
 LIMIT 20;

-- name: audit_event_without_message :many
-- And everything that happens to a thread says so in the thread.
-- scan: joins the whole log, on request only
SELECT 'event ' || e.event_id || ' ' || e.event_type
  FROM event AS e LEFT JOIN message AS m USING (event_id)
 WHERE e.event_type LIKE 'thread!_%' ESCAPE '!' AND m.event_id IS NULL
 LIMIT 20;

-- name: audit_fold :many
-- fold(events) = tables (I9): the log alone gives each thread's status, assignee, epoch, last event.
-- scan: folds the whole log, on request only
WITH last AS (
    SELECT thread_no, max(event_id) AS event_id,
           count(*) FILTER (WHERE event_type = 'thread_claim') AS epoch
      FROM event WHERE thread_no IS NOT NULL AND event_type LIKE 'thread!_%' ESCAPE '!'
     GROUP BY thread_no)
SELECT 'thread ' || t.thread_id || ': the log says ' || coalesce(e.status, '?') || ' for '
       || coalesce(e.assigned_to, '?') || ' at epoch ' || coalesce(l.epoch, 0) || ' by event '
       || coalesce(l.event_id, 0) || ', the table ' || t.status || ' for ' || t.assigned_to
       || ' at epoch ' || t.epoch || ' by event ' || t.last_event
  FROM thread AS t
  LEFT JOIN last AS l USING (thread_no)
  LEFT JOIN event AS e ON e.event_id = l.event_id
 WHERE e.status IS NOT t.status OR e.assigned_to IS NOT t.assigned_to
    OR coalesce(l.epoch, 0) <> t.epoch OR l.event_id IS NOT t.last_event
    OR l.event_id IS NOT t.last_message
 LIMIT 20;

-- name: audit_fold_moves :many
-- Every step of the log is a move that the machine allows.
-- scan: walks the whole log, on request only
SELECT 'event ' || step.event_id || ' moves from ' || step.source || ' to ' || step.target
  FROM (SELECT event_id, status AS target,
               lag(status, 1, 'pending') OVER (PARTITION BY thread_no ORDER BY event_id) AS source
          FROM event WHERE event_type LIKE 'thread!_%' ESCAPE '!') AS step
 WHERE step.source <> step.target AND NOT EXISTS (
       SELECT 1 FROM transition AS r
        WHERE r.machine = 'thread' AND r.source = step.source AND r.target = step.target)
 LIMIT 20;

-- name: audit_leases :many
-- An open lease belongs to the newest epoch of a thread being worked on, and the other way round.
-- scan: compares all threads, on request only
SELECT 'thread ' || t.thread_id || ' is ' || t.status || ' at epoch ' || t.epoch
       || coalesce(' with an open lease of epoch ' || l.epoch || ' by ' || l.holder,
                   ' without an open lease')
  FROM thread AS t
  LEFT JOIN lease AS l ON l.thread_no = t.thread_no AND l.ended_at IS NULL
 WHERE (t.status IN ('claimed', 'in_progress', 'blocked'))
       <> (l.epoch IS NOT NULL AND l.epoch = t.epoch AND l.holder = t.assigned_to)
    OR (l.epoch IS NOT NULL AND l.epoch <> t.epoch)
 LIMIT 20;

-- name: audit_cursors :many
-- Nobody has read past the last message of a thread.
-- scan: compares all cursors, on request only
SELECT c.agent || ' has read thread ' || t.thread_id || ' through msg_' || c.last_read
       || ', its last is msg_' || t.last_message
  FROM cursor AS c JOIN thread AS t USING (thread_no)
 WHERE c.last_read > t.last_message
 LIMIT 20;

-- name: audit_kept :many
-- The artifacts whose bytes stand beside the store.
-- scan: lists all kept artifacts, on request only
SELECT sha256, min(artifact_no), min(path)
  FROM artifact WHERE copied = 1 GROUP BY sha256;

-- name: audit_transitions :many
-- The moves the file allows, to be compared with a Machine.
SELECT source, target FROM transition WHERE machine = :machine;

-- name: audit_counts :one
-- What a person wants to know first; the log's end instead of a count.
SELECT coalesce((SELECT max(event_id) FROM event), 0),
       coalesce((SELECT max(thread_no) FROM thread), 0);

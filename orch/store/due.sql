-- name: news_due :one
-- Asked by every command of a run, so one statement, each part of it along an index: the log,
-- what leases tell (as attempt_seen_anew); dispatches under way; turns; unread heads;
-- requests being planned (orch/store/requests.sql); places to be made (places.sql). Replies and renewals leave a thread as it was:
-- they are read over with the next event that does not.
SELECT EXISTS (
         SELECT 1 FROM event
          WHERE run_id = :run_id AND event_id > :after AND thread_no IS NOT NULL
            AND substr(event_type, 1, 7) = 'thread_'
            AND event_type NOT IN ('thread_reply', 'thread_renew'))
       OR EXISTS (
         SELECT CASE WHEN CASE WHEN l.clock_domain = :domain THEN l.boot_deadline - :boot
                          ELSE l.wall_deadline - :now END BETWEEN 1 AND l.ttl_ms + 5000
                     THEN 'live' ELSE 'stale' END AS seen
           FROM task AS t
           JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
           JOIN lease AS l ON l.thread_no = a.thread_no AND l.ended_at IS NULL
          WHERE t.run_id = :run_id AND t.status IN ('running', 'blocked')
            AND a.liveness NOT IN ('gone', seen)),
       EXISTS (SELECT 1 FROM dispatch_intent WHERE run_id = :run_id),
       EXISTS (SELECT 1 FROM turn WHERE run_id = :run_id AND ended_at IS NULL),
       EXISTS (
         SELECT 1 FROM task AS t
           JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
          WHERE t.run_id = :run_id AND t.status IN ('done', 'verifying')
            AND a.execution_mode = 'code' AND (a.head_commit IS NULL OR a.dirty_files > 0)
            AND a.workspace_status = 'created' AND a.status IN ('done', 'verifying')),
       EXISTS (SELECT 1 FROM request
                WHERE run_id = :run_id AND status IN ('planning', 'asked', 'refused', 'failed')),
       EXISTS (
         SELECT 1 FROM place AS p JOIN attempt AS a ON a.attempt_key = p.attempt_key
           JOIN task AS t ON t.task_no = a.task_no
          WHERE p.made_at IS NULL AND t.run_id = :run_id
            AND a.status IN ('dispatched', 'running', 'blocked'));

-- name: news_round_two :maybe
-- A council that is to have a second round, which has not begun; one look-up in any other run.
SELECT 1 FROM council AS c WHERE c.run_id = :run_id AND c.rounds > 1
   AND NOT EXISTS (SELECT 1 FROM council_cross AS x WHERE x.run_id = c.run_id);

-- name: news_of_run :many
-- Along the run's part of the log, so the cost is that of the change.
SELECT e.event_id, e.event_type, e.actor, e.thread_no, coalesce(e.status, '') AS status,
       coalesce(e.assigned_to, '') AS assigned_to, coalesce(m.summary, '') AS reason,
       e.created_at AS at
  FROM event AS e LEFT JOIN message AS m ON m.event_id = e.event_id
 WHERE e.run_id = :run_id AND e.event_id > :after AND e.thread_no IS NOT NULL
   AND substr(e.event_type, 1, 7) = 'thread_'
 ORDER BY e.event_id;

-- name: event_first_of_types :maybe
-- wait: the first that fits after the start.
SELECT event_id, coalesce(task_id, '') FROM event
 WHERE run_id = :run_id AND event_id > :after
   AND event_type IN (SELECT value FROM json_each(:types))
 ORDER BY event_id LIMIT 1;

-- name: event_page_of_all :many
-- orch web.
SELECT v.event_id, v.document FROM event AS e JOIN event_view AS v ON v.event_id = e.event_id
 WHERE e.event_id > :after ORDER BY e.event_id LIMIT :limit;

-- name: event_page :many
-- orch events.
SELECT v.event_id, v.document FROM event AS e JOIN event_view AS v ON v.event_id = e.event_id
 WHERE e.run_id = :run_id AND e.event_id > :after
   AND (:types IS NULL OR e.event_type IN (SELECT value FROM json_each(:types)))
 ORDER BY e.event_id LIMIT :limit;

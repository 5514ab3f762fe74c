-- name: news_due :one
SELECT EXISTS (
         SELECT 1 FROM event
          WHERE run_id = :run_id AND event_id > :after AND thread_no IS NOT NULL
            AND substr(event_type, 1, 7) = 'thread_'
            AND event_type NOT IN ('thread_reply', 'thread_renew'))
       OR EXISTS (
         SELECT 1
           FROM task AS t
           JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
           JOIN lease AS l ON l.thread_no = a.thread_no AND l.ended_at IS NULL
          WHERE t.run_id = :run_id AND t.status IN ('running', 'blocked')
            AND a.liveness NOT IN ('gone',
                CASE WHEN CASE WHEN l.clock_domain = :domain THEN l.boot_deadline - :boot
                          ELSE l.wall_deadline - :now END BETWEEN 1 AND l.ttl_ms + 5000
                     THEN 'live' ELSE 'stale' END)),
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

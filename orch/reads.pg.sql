-- name: status_tasks :many
WITH brought (event_id, target) AS MATERIALIZED (
    SELECT e.queued_event, substr(q.target, 12)
      FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
     WHERE e.run_id = :run_id AND e.kind = 'integrate'
       AND e.status IN ('verified', 'landed_externally')
     ORDER BY e.queued_event DESC LIMIT 1)
SELECT v.document,
       (SELECT document FROM attempt_view WHERE attempt_key = a.attempt_key),
       (SELECT document FROM message_view WHERE event_id = h.last_message),
       CASE WHEN t.status = 'blocked' THEN (
            SELECT document FROM message_view WHERE event_id = (
                   SELECT max(m.event_id) FROM message AS m
                    WHERE m.thread_no = a.thread_no AND m.kind = 'question')) END,
       CASE WHEN EXISTS (SELECT 1 FROM nothing_to_land AS l WHERE l.task_no = t.task_no) THEN
            (SELECT row_to_json(r_) FROM (SELECT NULL AS "entry_id",
                'nothing_to_land' AS "status", NULL AS "target", NULL AS "landed_commit",
                NULL AS "reason", NULL AS "integrated_into") AS r_)
       ELSE (
        SELECT (SELECT row_to_json(r_) FROM (SELECT
                   'ent_' || e.entry_no AS "entry_id",
                   e.status AS "status",
                   substr(q.target, 12) AS "target",
                   nullif(e.landed_commit, '') AS "landed_commit",
                   nullif(e.reason, '') AS "reason",
                   (SELECT b.target FROM brought AS b
                     WHERE b.event_id > e.last_event) AS "integrated_into") AS r_)
          FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
         WHERE e.task_no = t.task_no AND e.kind = 'task' ORDER BY e.entry_no DESC LIMIT 1) END,
       t.task_no
  FROM task AS t
  JOIN task_view AS v ON v.task_no = t.task_no
  LEFT JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  LEFT JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE t.run_id = :run_id
 ORDER BY t.task_no;

-- name: status_briefs :many
SELECT (SELECT row_to_json(r_) FROM (SELECT
    t.task_id AS "task_id",
    t.status AS "status",
    t.execution_mode AS "execution_mode",
    t.default_to AS "default_to",
    CASE WHEN a.attempt_key IS NOT NULL THEN (SELECT row_to_json(r_) FROM (SELECT
    a.branch_name AS "branch_name",
    a.workspace_status AS "workspace_status",
    a.dirty_files AS "dirty_files",
    orch_json(a.path_violations) AS "path_violations") AS r_) END AS "latest_attempt",
    CASE WHEN a.attempt_key IS NULL THEN NULL
               WHEN EXISTS (SELECT 1 FROM nothing_to_land AS l WHERE l.task_no = t.task_no)
               THEN (SELECT row_to_json(r_) FROM (SELECT
    'nothing_to_land' AS "status") AS r_)
               ELSE (SELECT (SELECT row_to_json(r_) FROM (SELECT
    e.status AS "status") AS r_) FROM entry AS e
                      WHERE e.task_no = t.task_no AND e.kind = 'task'
                      ORDER BY e.entry_no DESC LIMIT 1) END AS "integration") AS r_),
       t.task_no
  FROM task AS t
  LEFT JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.run_id = :run_id AND t.task_no > :after
   AND t.status NOT IN ('dispatched', 'running', 'blocked', 'verifying')
 ORDER BY t.task_no;

-- name: one_task :one
WITH brought (event_id, target) AS MATERIALIZED (
    SELECT e.queued_event, substr(q.target, 12)
      FROM task AS r JOIN entry AS e ON e.run_id = r.run_id
      JOIN queue AS q ON q.queue_no = e.queue_no
     WHERE r.task_no = :task_no AND e.kind = 'integrate'
       AND e.status IN ('verified', 'landed_externally')
     ORDER BY e.queued_event DESC LIMIT 1)
SELECT orch_without(v.document, 'gate'),
       CASE WHEN EXISTS (SELECT 1 FROM nothing_to_land AS l WHERE l.task_no = t.task_no) THEN
            (SELECT row_to_json(r_) FROM (SELECT NULL AS "entry_id",
                'nothing_to_land' AS "status", NULL AS "target", NULL AS "landed_commit",
                NULL AS "reason", NULL AS "integrated_into") AS r_)
       ELSE (
        SELECT (SELECT row_to_json(r_) FROM (SELECT
                   'ent_' || e.entry_no AS "entry_id",
                   e.status AS "status",
                   substr(q.target, 12) AS "target",
                   nullif(e.landed_commit, '') AS "landed_commit",
                   nullif(e.reason, '') AS "reason",
                   (SELECT b.target FROM brought AS b
                     WHERE b.event_id > e.last_event) AS "integrated_into") AS r_)
          FROM entry AS e JOIN queue AS q ON q.queue_no = e.queue_no
         WHERE e.task_no = t.task_no AND e.kind = 'task' ORDER BY e.entry_no DESC LIMIT 1) END
  FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.task_no = :task_no;

-- name: wait_state_stale :maybe
SELECT t.task_no, (SELECT max(e.event_id) FROM event AS e
                    WHERE e.thread_no = a.thread_no AND e.event_type = 'task_stale') AS told
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.run_id = :run_id AND t.status IN ('running', 'blocked') AND a.liveness IN ('stale', 'gone')
 ORDER BY told NULLS FIRST LIMIT 1;

-- name: request_row :part
-- A request `q` as operations see it.
SELECT q.request_no, q.request_id, q.title, q.body, q.requester, q.priority, q.run_id, q.task_no,
       q.status
  FROM request AS q;

-- name: request_insert :one
-- With the event that tells it.
INSERT INTO request (request_id, title, body, requester, priority, run_id, status, created_event,
                     created_at, updated_at)
VALUES (:request_id, :title, :body, :requester, :priority, :run_id, 'new', :event_id, :now, :now)
RETURNING request_no;

-- name: request_find :maybe
-- By its id.
{request_row} WHERE request_id = :request_id;

-- name: request_ids :many
-- Near ids for a typo.
-- scan: the newest few hundred
SELECT request_id FROM request ORDER BY request_no DESC LIMIT 500;

-- name: request_move :one
-- Every change of a request's status; the old one in the WHERE makes a lost race loud.
UPDATE request SET status = :target, reason = :reason, updated_at = :now
 WHERE request_no = :request_no AND status = :source
RETURNING status;

-- name: request_set_task :exec
-- In which run and task it is planned.
UPDATE request SET run_id = :run_id, task_no = :task_no, updated_at = :now
 WHERE request_no = :request_no;

-- name: request_set_applied :exec
-- The event that a trace shows.
UPDATE request SET run_id = coalesce(run_id, :run_id), applied_event = :event_id
 WHERE request_no = :request_no;

-- name: request_document :one
-- The published shape.
SELECT document FROM request_view WHERE request_id = :request_id;

-- name: request_list :many
-- Newest first.
-- scan: requests are what people typed, and the list is cut
SELECT v.document FROM request AS q JOIN request_view AS v ON v.request_no = q.request_no
 WHERE (:run_id IS NULL OR q.run_id = :run_id)
   AND (:statuses IS NULL OR q.status IN (SELECT value FROM json_each(:statuses)))
 ORDER BY q.request_no DESC LIMIT :limit;

-- name: request_runs :many
-- Runs in which somebody plans: list brings them up to date.
-- scan: requests in planning are few, by their own partial index
SELECT DISTINCT run_id FROM request INDEXED BY request_in_planning
 WHERE status IN ('planning', 'asked', 'refused', 'failed');

-- name: request_planned :many
-- Those of a run whose plan waits for a person, since when.
-- scan: requests are what people typed
SELECT request_id, updated_at FROM request
 WHERE run_id = :run_id AND status = 'planned' ORDER BY request_no;

-- name: request_in_planning :many
-- Those that somebody plans in a run.
{request_row}
 WHERE run_id = :run_id AND status IN ('planning', 'asked', 'refused', 'failed') AND status IN ('planning', 'asked');

-- name: request_due :many
-- Requests whose planning has moved on, or whose refused plan has not gone back yet.
{request_row} JOIN task AS t ON t.task_no = q.task_no
 WHERE q.run_id = :run_id AND q.status IN ('planning', 'asked', 'refused', 'failed')
   AND CASE q.status WHEN 'planning' THEN t.status NOT IN ('dispatched', 'running')
            WHEN 'asked' THEN t.status <> 'blocked'
            WHEN 'refused' THEN t.status NOT IN ('done', 'cancelled')
                 AND (t.status <> 'failed' OR t.max_attempts > (
                    SELECT count(*) FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
                     WHERE a.task_no = t.task_no AND (h.epoch > 0 OR a.status = 'done')
                       AND (NOT EXISTS (SELECT 1 FROM turn AS n WHERE n.thread_no = a.thread_no)
                            OR EXISTS (SELECT 1 FROM turn AS n WHERE n.thread_no = a.thread_no
                               AND coalesce(n.outcome, '') NOT IN ('interrupted', 'limited')))))
            ELSE t.status NOT IN ('done', 'cancelled', 'failed') END
 ORDER BY q.request_no;

-- name: request_plan_insert :exec
-- An answer, as it was given, with what is wrong with it.
INSERT INTO request_plan (request_no, attempt_key, format, text, sha256, problems, created_at)
VALUES (:request_no, :attempt_key, :format, :text, :sha256, :problems, :now);

-- name: request_plan_newest :maybe
-- The newest answer.
SELECT p.format, p.text, p.problems, p.sha256, a.attempt_no, a.assigned_to AS agent, t.task_id,
       strftime('%Y-%m-%dT%H:%M:%fZ', p.created_at / 1000.0, 'unixepoch') AS at
  FROM request_plan AS p JOIN attempt AS a ON a.attempt_key = p.attempt_key
  JOIN task AS t ON t.task_no = a.task_no
 WHERE p.request_no = :request_no ORDER BY p.plan_key DESC LIMIT 1;

-- name: request_tasks :many
-- What a plan of it made.
SELECT v.document FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.request_id = :request_id AND t.metadata ->> '$.plans_request' IS NULL ORDER BY t.task_no;

-- name: request_link :exec
-- A task keeps the request that it comes from.
UPDATE task SET request_id = :request_id WHERE task_no = :task_no;

-- name: request_of_task :one
-- For task show and trace.
SELECT request_id FROM task WHERE task_no = :task_no;

-- name: request_result :maybe
-- What the engineer delivered.
SELECT from_agent, body, payload FROM message
 WHERE thread_no = :thread_no AND kind = 'result' ORDER BY event_id DESC LIMIT 1;

-- name: request_trace :many
-- The request itself, its planning, and its plan applied, in the log's order.
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', e.created_at / 1000.0, 'unixepoch'), e.event_id,
       e.event_type, e.actor, coalesce(e.summary, '')
  FROM request AS q JOIN event AS e ON e.event_id IN (q.created_event, q.applied_event)
 WHERE q.request_id = :request_id
 UNION
SELECT strftime('%Y-%m-%dT%H:%M:%fZ', e.created_at / 1000.0, 'unixepoch'), e.event_id,
       e.event_type, e.actor, coalesce(e.summary, '')
  FROM task AS t JOIN event AS e ON e.run_id = t.run_id AND e.task_id = t.task_id
 WHERE t.request_id = :request_id AND t.metadata ->> '$.plans_request' IS NOT NULL
   AND e.event_type GLOB 'request_*'
 ORDER BY 2;

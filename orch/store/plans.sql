-- name: plan_tasks :many
-- Everything that a plan says about the tasks of a run; specs by their digest alone.
SELECT t.task_no, t.task_id, t.status, t.title, t.summary, t.default_to, t.priority, t.rank,
       t.acceptance, t.check_profile, t.required_checks, t.allowed_paths, t.blocked_paths,
       t.metadata, t.max_attempts, t.risk, t.execution_mode, t.kind, t.request_id, t.spec_sha256,
       (SELECT json_group_array(k.lock) FROM (
        SELECT lock FROM task_lock WHERE task_no = t.task_no ORDER BY lock) AS k) AS locks,
       (SELECT json_group_array(d.task_id) FROM (
        SELECT p.task_id FROM dependency AS e JOIN task AS p ON p.task_no = e.depends_on
         WHERE e.task_no = t.task_no ORDER BY p.task_no) AS d) AS depends_on,
       EXISTS (SELECT 1 FROM dispatch_intent AS i WHERE i.task_no = t.task_no) AS is_dispatching
  FROM task AS t WHERE t.run_id = :run_id ORDER BY t.task_no;

-- name: plan_specs :many
-- Only an export needs the texts.
SELECT task_id, spec_text FROM task WHERE run_id = :run_id AND spec_text IS NOT NULL
 ORDER BY task_no;

-- name: plan_task_write :exec
-- A plan says everything: what it leaves out goes back to its default, unlike an edit.
UPDATE task
   SET title = :title, summary = :summary, default_to = :default_to, priority = :priority,
       rank = :rank, acceptance = :acceptance, check_profile = :check_profile,
       required_checks = :required_checks, allowed_paths = :allowed_paths,
       blocked_paths = :blocked_paths, metadata = :metadata, max_attempts = :max_attempts,
       risk = :risk, execution_mode = :execution_mode, kind = :kind, request_id = :request_id,
       updated_at = :now
 WHERE task_no = :task_no;

-- name: plan_spec_write :exec
-- A specification is text and digest together.
UPDATE task
   SET spec_path = :spec_path, spec_text = :spec_text, spec_sha256 = :spec_sha256,
       updated_at = :now
 WHERE task_no = :task_no;

-- name: plan_lock_clear :exec
-- Before the plan's own locks are written.
DELETE FROM task_lock WHERE task_no = :task_no;

-- name: plan_lock_insert :exec
-- One lock of a task.
INSERT INTO task_lock (task_no, lock) VALUES (:task_no, :lock);

-- name: plan_allowed :many
-- Along the run's part of the log: asked when a plan is judged or applied.
SELECT DISTINCT r.value FROM event AS e JOIN json_each(e.payload, '$.rules') AS r
 WHERE e.run_id = :run_id AND e.event_type = 'plan_allowed'
   AND e.payload ->> '$.request_id' = :request_id;

-- name: task_row :part
-- A task as operations see it.
SELECT task_no, run_id, task_id, title, summary, default_to, priority, acceptance, spec_text,
       required_checks, allowed_paths, blocked_paths, max_attempts, execution_mode, status, unmet,
       not_before_at, latest_attempt_no, next_attempt_no
  FROM task;

-- name: task_find :maybe
-- By the user's own names.
{task_row} WHERE run_id = :run_id AND task_id = :task_id;

-- name: task_by_no :one
-- By number.
{task_row} WHERE task_no = :task_no;

-- name: task_ids :many
-- Near names for a typo.
SELECT task_id FROM task WHERE run_id = :run_id LIMIT 5000;

-- name: task_open_runs :many
-- A bare task name means the one open run that has it.
SELECT t.run_id FROM task AS t JOIN run AS r ON r.run_id = t.run_id
 WHERE t.task_id = :task_id AND r.closed_at IS NULL ORDER BY t.run_id LIMIT 5;

-- name: task_insert :one
-- Spec content and hash are copied now: the file may change later.
INSERT INTO task (run_id, task_id, title, summary, default_to, priority, rank, acceptance,
                  spec_path, spec_text, spec_sha256, check_profile, required_checks,
                  allowed_paths, blocked_paths, metadata, max_attempts, risk, execution_mode,
                  kind, status, unmet, last_event, created_at, updated_at)
VALUES (:run_id, :task_id, :title, :summary, :default_to, :priority, :rank, :acceptance,
        :spec_path, :spec_text, :spec_sha256, :check_profile, :required_checks, :allowed_paths,
        :blocked_paths, :metadata, :max_attempts, :risk, :execution_mode, :kind, :status, :unmet,
        :event_id, :now, :now)
RETURNING task_no;

-- name: task_edit :exec
-- Only what is given.
UPDATE task
   SET title = coalesce(:title, title), summary = coalesce(:summary, summary),
       default_to = coalesce(:default_to, default_to), priority = coalesce(:priority, priority),
       rank = coalesce(:rank, rank), acceptance = coalesce(:acceptance, acceptance),
       spec_path = coalesce(:spec_path, spec_path), spec_text = coalesce(:spec_text, spec_text),
       spec_sha256 = coalesce(:spec_sha256, spec_sha256),
       check_profile = coalesce(:check_profile, check_profile),
       required_checks = coalesce(:required_checks, required_checks),
       allowed_paths = coalesce(:allowed_paths, allowed_paths),
       blocked_paths = coalesce(:blocked_paths, blocked_paths),
       metadata = coalesce(:metadata, metadata),
       max_attempts = coalesce(:max_attempts, max_attempts), risk = coalesce(:risk, risk),
       execution_mode = coalesce(:execution_mode, execution_mode), kind = coalesce(:kind, kind),
       not_before_at = coalesce(:not_before_at, not_before_at), updated_at = :now
 WHERE task_no = :task_no;

-- name: task_lock_insert :exec
-- A lock named twice is one lock.
INSERT INTO task_lock (task_no, lock) VALUES (:task_no, :lock) ON CONFLICT DO NOTHING;

-- name: task_lock_clear :exec
-- Before an edit writes the new ones.
DELETE FROM task_lock WHERE task_no = :task_no;

-- name: task_move :one
-- Every change of a task's status; the old one in the WHERE makes a lost race loud.
UPDATE task SET status = :target, reason = :reason, last_event = :event_id, updated_at = :now,
       status_at = coalesce(:at, :now)
 WHERE task_no = :task_no AND status = :source
RETURNING status;

-- name: task_since :one
-- A task that never moved is as it began.
SELECT coalesce(nullif(status_at, 0), created_at) FROM task WHERE task_no = :task_no;

-- name: task_set_attempt :exec
-- Numbers are spent for ever.
UPDATE task SET latest_attempt_no = :attempt_no,
       next_attempt_no = max(next_attempt_no, :attempt_no + 1), updated_at = :now
 WHERE task_no = :task_no;

-- name: task_adopt_attempt :exec
-- A late report counts; numbers go on from where they were.
UPDATE task SET latest_attempt_no = :attempt_no, updated_at = :now WHERE task_no = :task_no;

-- name: task_burn_attempt :exec
-- A branch or worktree name is never used twice.
UPDATE task SET next_attempt_no = max(next_attempt_no, :attempt_no + 1) WHERE task_no = :task_no;

-- name: task_document :one
-- The published shape.
SELECT document FROM task_view WHERE task_no = :task_no;

-- name: task_list :many
-- In the order they were added.
SELECT v.document FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.run_id = :run_id
   AND (:statuses IS NULL OR t.status IN (SELECT value FROM json_each(:statuses)))
 ORDER BY t.task_no;

-- name: task_ready :many
-- One walk along the partial index; tasks whose dispatch is under way are spoken for.
{task_row} AS t
 WHERE run_id = :run_id AND status = 'ready' AND not_before_at <= :now
   AND NOT EXISTS (SELECT 1 FROM dispatch_intent AS i WHERE i.task_no = t.task_no)
   AND NOT EXISTS (SELECT 1 FROM task_lock AS k JOIN held_lock AS h ON h.lock = k.lock
                    WHERE k.task_no = t.task_no)
 ORDER BY priority DESC, rank, chain DESC, task_no LIMIT :limit OFFSET :offset;

-- name: task_with_status :many
-- For --explain and for cancelling a run.
{task_row} WHERE run_id = :run_id AND status = :status ORDER BY task_no;

-- name: task_of_run :many
-- In the order they were added.
{task_row} WHERE run_id = :run_id ORDER BY task_no;

-- name: task_lock_holder :maybe
-- Who has what this task needs.
SELECT h.lock, o.run_id, o.task_id
  FROM task_lock AS k JOIN held_lock AS h ON h.lock = k.lock JOIN task AS o ON o.task_no = h.task_no
 WHERE k.task_no = :task_no AND h.task_no <> :task_no ORDER BY h.lock LIMIT 1;

-- name: task_waiting_for_locks :many
-- Ready but for a lock that another task holds; walks nothing while no lock is held.
-- scan: locks held are few
SELECT t.task_no, min(k.lock), o.run_id, o.task_id
  FROM task AS t
  JOIN task_lock AS k ON k.task_no = t.task_no
  JOIN held_lock AS h ON h.lock = k.lock AND h.task_no <> t.task_no
  JOIN task AS o ON o.task_no = h.task_no
 WHERE t.run_id = :run_id AND t.status = 'ready' AND EXISTS (SELECT 1 FROM held_lock)
 GROUP BY t.task_no;

-- name: lock_list :many
-- Each lock of open tasks: who has it, and who waits; with a run, the locks that its tasks name.
-- scan: asked by people only
SELECT k.lock,
       (SELECT json_object('run_id', o.run_id, 'task_id', o.task_id, 'status', o.status,
                           'assigned_to', a.assigned_to, 'since',
                           strftime('%Y-%m-%dT%H:%M:%fZ', a.created_at / 1000.0, 'unixepoch'))
          FROM held_lock AS h JOIN task AS o ON o.task_no = h.task_no
          LEFT JOIN attempt AS a ON a.task_no = o.task_no AND a.attempt_no = o.latest_attempt_no
         WHERE h.lock = k.lock),
       json_group_array(json_object('run_id', t.run_id, 'task_id', t.task_id, 'status', t.status)
                        ORDER BY t.task_no)
         FILTER (WHERE NOT EXISTS (SELECT 1 FROM held_lock AS h
                                    WHERE h.lock = k.lock AND h.task_no = t.task_no))
  FROM task_lock AS k
  JOIN task AS t ON t.task_no = k.task_no
  JOIN run AS r ON r.run_id = t.run_id AND r.closed_at IS NULL
 WHERE t.status NOT IN ('done', 'failed', 'cancelled')
   AND (:run_id IS NULL
        OR k.lock IN (SELECT w.lock FROM task_lock AS w JOIN task AS n ON n.task_no = w.task_no
                       WHERE n.run_id = :run_id))
 GROUP BY k.lock ORDER BY k.lock;

-- name: held_lock_take :exec
-- The primary key of held_lock is the exclusion.
INSERT INTO held_lock (lock, task_no) SELECT lock, task_no FROM task_lock
 WHERE task_no = :task_no AND lock NOT IN (SELECT lock FROM held_lock WHERE task_no = :task_no);

-- name: held_lock_drop :exec
-- When the task is no longer active.
DELETE FROM held_lock WHERE task_no = :task_no;

-- name: task_active_paths :many
-- Paths of the attempts being worked on, and of dispatches under way; a closed run owns nothing.
-- scan: attempts under way are few (partial index) and so are intents; the globs of each
SELECT o.repo_path, t.run_id, t.task_id, g.value
  FROM (SELECT a.task_no, a.repo_path
          FROM attempt AS a INDEXED BY attempt_active
         WHERE a.status IN ('dispatched', 'running', 'blocked', 'verifying')
         UNION ALL
        SELECT i.task_no, i.repo_path FROM dispatch_intent AS i) AS o
  JOIN task AS t ON t.task_no = o.task_no
  JOIN run AS r ON r.run_id = t.run_id AND r.closed_at IS NULL
  JOIN json_each(t.allowed_paths) AS g
 WHERE t.task_no <> :except_no;

-- name: task_globs :many
-- What the task itself may change.
-- scan: the globs of one task
SELECT g.value FROM task AS t JOIN json_each(t.allowed_paths) AS g WHERE t.task_no = :task_no;

-- name: task_set_checks :exec
-- Those of the run's settings, for a task that names none.
UPDATE task SET required_checks = :checks, updated_at = :now WHERE task_no = :task_no;

-- name: task_count_overtaken :exec
-- A task was begun: what came before it and could have been begun was passed by once more.
UPDATE task SET overtaken = overtaken + 1
 WHERE run_id = :run_id AND status = 'ready' AND task_no < :task_no AND overtaken < :most;

-- name: drive_row :part
-- Who drives a run, and what was said about it.
SELECT run_id, settings, paused, fence, until, runner_pid, runner_started, runner_boot,
       runner_until, taken_at
  FROM drive;

-- name: drive_find :maybe
-- No row: nobody ever drove, set or paused it.
{drive_row} WHERE run_id = :run_id;

-- name: drive_open :exec
-- The row comes with the first word about a run's drive.
INSERT INTO drive (run_id) VALUES (:run_id) ON CONFLICT DO NOTHING;

-- name: drive_take :one
-- A new driver: everything that an earlier one still tries is refused from here on.
UPDATE drive
   SET fence = fence + 1, until = :until, runner_pid = :pid, runner_started = :started,
       runner_boot = :boot, runner_until = :lease_until, taken_at = :now
 WHERE run_id = :run_id
RETURNING fence;

-- name: drive_renew :exec
-- By its own driver only.
UPDATE drive SET runner_until = :lease_until WHERE run_id = :run_id AND fence = :fence;

-- name: drive_leave :exec
-- The driver ends; a later one need not wait.
UPDATE drive SET until = '', runner_pid = NULL, runner_started = NULL, runner_boot = NULL,
       runner_until = NULL
 WHERE run_id = :run_id AND fence = :fence;

-- name: drive_set :exec
-- The whole of what counts for this run alone.
UPDATE drive SET settings = :settings WHERE run_id = :run_id;

-- name: drive_pause :exec
-- A fact of the run: every driver obeys.
UPDATE drive SET paused = :paused WHERE run_id = :run_id;

-- name: drive_document :maybe
-- The published shape.
SELECT document FROM drive_view WHERE run_id = :run_id;

-- name: drive_fence :maybe
-- Asked first in every change of a driver.
SELECT fence, runner_pid, runner_until FROM drive WHERE run_id = :run_id;

-- name: drive_pass_insert :one
-- What the planner was told and what it decided.
INSERT INTO drive_pass (run_id, fence, planner, snapshot, decisions, created_at)
VALUES (:run_id, :fence, :planner, :snapshot, :decisions, :now) RETURNING pass_no;

-- name: drive_pass_list :many
-- For audit and replay, in order.
SELECT pass_no, run_id, fence, planner, snapshot, decisions,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS at
  FROM drive_pass
 WHERE run_id = :run_id AND pass_no > :after_no
 ORDER BY pass_no LIMIT :limit;

-- name: drive_pass_last :maybe
-- What was decided last.
SELECT pass_no, run_id, fence, planner, snapshot, decisions,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch') AS at
  FROM drive_pass WHERE run_id = :run_id ORDER BY pass_no DESC LIMIT 1;

-- name: drive_refusal_put :exec
-- The same cause again counts on; another one begins anew.
INSERT INTO refusal (task_no, kind, text, count, at, event_id)
VALUES (:task_no, :kind, :text, 1, :at, :event_id)
ON CONFLICT (task_no) DO UPDATE
   SET count = iif(kind = :kind, count + 1, 1), kind = :kind, text = :text, at = :at,
       event_id = iif(kind = :kind, event_id, :event_id);

-- name: drive_refusal_drop :exec
-- It went well after all, or a person did something about it.
DELETE FROM refusal WHERE task_no = :task_no AND (:kind IS NULL OR kind = :kind);

-- name: drive_refusal_of_run :many
-- Few: tasks whose last step was refused. A later attempt, whoever began it, has got over that; what
-- did not merge may do so once something has landed.
SELECT f.task_no, f.kind, f.text, f.count, f.at, f.event_id
  FROM refusal AS f JOIN task AS t ON t.task_no = f.task_no
 WHERE t.run_id = :run_id
   AND NOT EXISTS (SELECT 1 FROM attempt AS a
                    WHERE a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
                      AND a.created_at > f.at)
   AND (f.kind <> 'base_conflict' OR f.at > (
        SELECT coalesce(max(e.created_at), 0) FROM event AS e
         WHERE e.run_id = t.run_id AND e.event_type = 'entry_verified'))
 ORDER BY f.task_no;

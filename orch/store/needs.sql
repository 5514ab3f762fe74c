-- name: need_columns :part
need_no, run_id, task_id, kind, cause, who, text, command, since, event_id

-- name: need_open_of :many
-- Few: what waits for people.
SELECT {need_columns} FROM need WHERE run_id = :run_id AND ended_at IS NULL ORDER BY event_id;

-- name: need_open_count :one
SELECT count(*) FROM need WHERE run_id = :run_id AND ended_at IS NULL;

-- name: need_newest_actor :maybe
-- Who did what happened last in a run: one step along the index.
SELECT actor FROM event WHERE run_id = :run_id ORDER BY event_id DESC LIMIT 1;

-- name: need_number :maybe
SELECT need_no FROM need
 WHERE run_id = :run_id AND task_id = :task_id AND kind = :kind AND cause = :cause;

-- name: need_insert :exec
INSERT INTO need (run_id, task_id, kind, cause, who, text, command, since, event_id)
VALUES (:run_id, :task_id, :kind, :cause, :who, :text, :command, :since, :event_id);

-- name: need_renew :exec
-- Reopened without an event: the same need is no news.
UPDATE need SET who = :who, text = :text, command = :command, ended_at = NULL
 WHERE need_no = :need_no;

-- name: need_end :exec
UPDATE need SET ended_at = :at WHERE need_no = :need_no;

-- name: need_runner :maybe
SELECT runner_pid, runner_started, runner_boot FROM drive
 WHERE run_id = :run_id AND runner_pid IS NOT NULL;

-- name: run_find :maybe
-- Everything an operation decides on.
SELECT r.run_id, r.leader, r.repo_path, r.repo_id, r.base_ref, r.target, r.ownership,
       r.reconciled_through, r.settled_event, r.closed_at, s.status
  FROM run AS r JOIN run_status AS s ON s.run_id = r.run_id
 WHERE r.run_id = :run_id;

-- name: run_ids :many
-- Near names for a typo.
-- scan: runs are few
SELECT run_id FROM run ORDER BY created_at DESC LIMIT 500;

-- name: run_alike :maybe
-- Branch names have "-" for "_": two such runs would share theirs.
-- scan: runs are few
SELECT run_id FROM run
 WHERE replace(run_id, '_', '-') = replace(:run_id, '_', '-') AND run_id <> :run_id LIMIT 1;

-- name: run_insert :exec
-- The file's trigger adds its tally.
INSERT INTO run (run_id, goal, summary, leader, repo_path, repo_id, base_ref, target, ownership,
                 fingerprint, created_at, updated_at)
VALUES (:run_id, :goal, :summary, :leader, :repo_path, :repo_id, :base_ref, :target, :ownership,
        :fingerprint, :now, :now);

-- name: run_document :one
-- The published shape.
SELECT document FROM run_view WHERE run_id = :run_id;

-- name: run_status :one
-- Follows from the tally.
SELECT status FROM run_status WHERE run_id = :run_id;

-- name: run_unsettled :one
-- Planned tasks that wait on a failed or cancelled one cannot run.
SELECT ready + dispatched + running + blocked + verifying FROM run_tally WHERE run_id = :run_id;

-- name: run_closed_before :many
-- What is left of them may go; the longest closed first.
-- scan: runs are few
SELECT r.run_id FROM run AS r
 WHERE r.closed_at < :before AND (:run_id IS NULL OR r.run_id = :run_id)
   AND NOT EXISTS (SELECT 1 FROM turn AS n WHERE n.run_id = r.run_id AND n.ended_at IS NULL)
 ORDER BY r.closed_at, r.run_id;

-- name: run_goes_on :one
-- A failed task is not over: somebody tries it again, or calls it off.
SELECT planned + ready + dispatched + running + blocked + verifying + failed > 0
       OR done + cancelled = 0
  FROM run_tally WHERE run_id = :run_id;

-- name: run_is_queued :one
-- Nothing of what is open is final.
SELECT EXISTS (SELECT 1 FROM entry
                WHERE run_id = :run_id
                  AND status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally'));

-- name: run_reopen :exec
-- Once.
UPDATE run SET closed_at = NULL, updated_at = :now WHERE run_id = :run_id AND closed_at IS NOT NULL;

-- name: run_locks_elsewhere :maybe
-- What its tasks at work let go of when it was closed, and somebody else holds by now.
SELECT k.lock, o.run_id || '/' || o.task_id
  FROM task AS t JOIN task_lock AS k ON k.task_no = t.task_no
  JOIN held_lock AS h ON h.lock = k.lock AND h.task_no <> t.task_no
  JOIN task AS o ON o.task_no = h.task_no
 WHERE t.run_id = :run_id AND t.status IN ('dispatched', 'running', 'blocked', 'verifying')
 LIMIT 1;

-- name: run_take_locks :exec
-- Held exactly while their tasks are at work.
INSERT INTO held_lock (lock, task_no)
SELECT k.lock, t.task_no FROM task AS t JOIN task_lock AS k ON k.task_no = t.task_no
 WHERE t.run_id = :run_id AND t.status IN ('dispatched', 'running', 'blocked', 'verifying');

-- name: run_advance :exec
-- Never back: a later reconcile has seen more.
UPDATE run SET reconciled_through = max(reconciled_through, :through), updated_at = :now
 WHERE run_id = :run_id;

-- name: run_settle :exec
-- So that one end is told once.
UPDATE run SET settled_event = :event_id WHERE run_id = :run_id;

-- name: run_close :exec
-- Once.
UPDATE run SET closed_at = :now, updated_at = :now WHERE run_id = :run_id AND closed_at IS NULL;

-- name: run_drop_locks :exec
-- A closed run holds nothing: nobody could let go of it later.
-- scan: locks held are few
DELETE FROM held_lock
 WHERE EXISTS (SELECT 1 FROM task AS t WHERE t.task_no = held_lock.task_no AND t.run_id = :run_id);

-- name: run_list :many
-- Newest first.
-- scan: runs are few
SELECT v.document FROM run AS r JOIN run_view AS v ON v.run_id = r.run_id
 ORDER BY r.created_at DESC, r.run_id;

-- name: run_fingerprint :one
-- Compared before git is called for the run.
SELECT fingerprint FROM run WHERE run_id = :run_id;

-- name: run_set_fingerprint :exec
-- At the first git call of the run, or when a person accepts a change.
UPDATE run SET fingerprint = :fingerprint, updated_at = :now WHERE run_id = :run_id;

-- name: run_budget_document :maybe
-- The published shape; nothing is summed up for a run without a budget.
SELECT json_object(
    'limits', json_object(
        'cost_usd', cost_microusd / 1e6, 'tokens', tokens, 'turns', turns,
        'attempts', attempts, 'seconds', seconds),
    'spent', json_object(
        'cost_usd', spent_microusd / 1e6, 'tokens', spent_tokens, 'turns', spent_turns,
        'attempts', spent_attempts, 'seconds', spent_seconds))
  FROM run_spending WHERE run_id = :run_id;

-- name: run_store_id :one
-- An approval is signed for one store.
-- scan: it has one row
SELECT store_id FROM store;

-- name: run_newest_with :maybe
-- Which configuration counts for a command that names no run.
-- scan: open runs, by their own partial index
SELECT r.run_id
  FROM run AS r INDEXED BY run_open
 WHERE r.closed_at IS NULL
   AND EXISTS (SELECT 1 FROM json_each(r.fingerprint) AS p WHERE p.key = :place)
 ORDER BY r.created_at DESC LIMIT 1;

-- name: run_open_with_stem :many
-- Reviews of a task that a killed driver left: their names begin alike.
-- scan: open runs, by their own partial index
SELECT run_id FROM run INDEXED BY run_open
 WHERE closed_at IS NULL AND substr(run_id, 1, length(:stem)) = :stem ORDER BY run_id;

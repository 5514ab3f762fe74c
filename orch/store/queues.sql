-- name: queue_row :part
-- One target of one repository, and who runs it.
SELECT q.queue_no, q.repo_path, q.repo_id, q.target, q.hold_reason, q.hold_tree, q.window,
       q.fence, q.runner_pid, q.runner_started, q.runner_boot, q.runner_until, q.updated_at
  FROM queue AS q;

-- name: queue_find :maybe
-- By what it is: one per repository and target.
{queue_row} WHERE repo_path = :repo_path AND target = :target;

-- name: queue_by_no :one
-- By number.
{queue_row} WHERE queue_no = :queue_no;

-- name: queue_all :many
-- All of them, or those that a run has entries in.
-- scan: queues are few
{queue_row}
 WHERE :run_id IS NULL
    OR EXISTS (SELECT 1 FROM entry AS e WHERE e.run_id = :run_id AND e.queue_no = q.queue_no)
 ORDER BY q.queue_no;

-- name: queue_insert :one
-- With its first entry.
INSERT INTO queue (repo_path, target, created_at, updated_at)
VALUES (:repo_path, :target, :now, :now) RETURNING queue_no;

-- name: queue_take :one
-- A new runner: everything that an earlier one still tries is refused from here on.
UPDATE queue
   SET fence = fence + 1, runner_pid = :pid, runner_started = :started, runner_boot = :boot,
       runner_until = :until, updated_at = :now
 WHERE queue_no = :queue_no
RETURNING fence;

-- name: queue_renew :exec
-- By its own runner only.
UPDATE queue SET runner_until = :until WHERE queue_no = :queue_no AND fence = :fence;

-- name: queue_leave :exec
-- The runner ends; a later one need not wait.
UPDATE queue SET runner_pid = NULL, runner_started = NULL, runner_boot = NULL, runner_until = NULL
 WHERE queue_no = :queue_no AND fence = :fence;

-- name: queue_hold :exec
-- By a red target (with the tree that failed) or by a person.
UPDATE queue SET hold_reason = :reason, hold_tree = :tree
 WHERE queue_no = :queue_no;

-- name: queue_retry :exec
-- What failed before now convicts nobody any more: a person let it be tried again.
UPDATE queue SET retried_at = :now WHERE queue_no = :queue_no;

-- name: queue_window :exec
-- How many entries go into one batch.
UPDATE queue SET window = :size WHERE queue_no = :queue_no;

-- name: intent_open :exec
-- The file's trigger asks for a passed trial of the tree (I18).
INSERT INTO landing_intent (queue_no, fence, from_commit, to_commit, tree, entries, checkouts,
                            created_at)
VALUES (:queue_no, :fence, :from_commit, :to_commit, :tree, :entries, :checkouts, :now);

-- name: intent_close :exec
-- Confirmed, or taken back.
DELETE FROM landing_intent WHERE queue_no = :queue_no;

-- name: intent_of_queue :maybe
-- What a landing was about to do.
SELECT fence, from_commit, to_commit, tree, entries, checkouts FROM landing_intent
 WHERE queue_no = :queue_no;

-- name: pass_insert :one
-- What the planner was told and what it decided.
INSERT INTO queue_pass (queue_no, fence, planner, snapshot, decisions, created_at)
VALUES (:queue_no, :fence, :planner, :snapshot, :decisions, :now) RETURNING pass_no;

-- name: pass_list :many
-- For audit and replay, in order.
SELECT p.pass_no, p.queue_no, p.fence, p.planner, p.snapshot, p.decisions,
       strftime('%Y-%m-%dT%H:%M:%fZ', p.created_at / 1000.0, 'unixepoch') AS at,
       substr(q.target, 12) AS branch
  FROM queue_pass AS p JOIN queue AS q ON q.queue_no = p.queue_no
 WHERE (:queue_no IS NULL OR p.queue_no = :queue_no)
   AND (:pass_no IS NULL OR p.pass_no = :pass_no) AND p.pass_no > :after_no
 ORDER BY p.pass_no LIMIT :limit;

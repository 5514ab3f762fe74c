-- name: machine_columns :part
m.machine_id, m.name, m.status, m.boot_id, m.session, m.labels, m.seen_at, m.until;

-- name: machine_find :maybe
-- By its id.
SELECT {machine_columns} FROM machine AS m WHERE m.machine_id = :machine_id;

-- name: machine_all :many
-- Which machines there are.
-- scan: machines are few
SELECT {machine_columns} FROM machine AS m ORDER BY m.name, m.machine_id;

-- name: machine_documents :many
-- The published shape.
-- scan: machines are few
SELECT v.document FROM machine_view AS v ORDER BY v.name, v.machine_id;

-- name: machine_standing :many
-- How many worktrees each has.
-- scan: doctor looks at every attempt there is
SELECT machine_id, count(*) AS count FROM attempt
 WHERE machine_id <> '' AND workspace_status = 'created' GROUP BY machine_id;

-- name: machine_document :one
-- The published shape.
SELECT document FROM machine_view WHERE machine_id = :machine_id;

-- name: machine_insert :exec
-- At the first command that needs it.
INSERT INTO machine (machine_id, name, boot_id, session, seen_at, until, created_at)
VALUES (:machine_id, :name, :boot_id, :session, :now, :until, :now);

-- name: machine_seen :exec
-- Whoever runs there, now and then. Silent: no event.
UPDATE machine SET boot_id = :boot_id, session = :session, seen_at = :now, until = :until
 WHERE machine_id = :machine_id;

-- name: machine_move :exec
-- A person's word that it is lost; or it is there again.
UPDATE machine SET status = :status, reason = :reason WHERE machine_id = :machine_id;

-- name: machine_label :exec
-- What dispatches may ask for.
UPDATE machine SET labels = :labels WHERE machine_id = :machine_id;

-- name: repository_find :maybe
-- By its id.
SELECT repo_id, remote_url, first_commit FROM repository WHERE repo_id = :repo_id;

-- name: repository_of_url :maybe
-- By what its machines share.
SELECT repo_id, remote_url, first_commit FROM repository WHERE remote_url = :remote_url;

-- name: repository_insert :exec
-- With the first run that names its remote.
INSERT INTO repository (repo_id, remote_url, first_commit, created_at)
VALUES (:repo_id, :remote_url, :first_commit, :now);

-- name: checkout_find :maybe
-- Where a machine has a repository.
SELECT repo_id, machine_id, path, remote, is_mirror FROM checkout
 WHERE repo_id = :repo_id AND machine_id = :machine_id;

-- name: checkout_at :maybe
-- What lies at a path of a machine.
SELECT repo_id, machine_id, path, remote, is_mirror FROM checkout
 WHERE machine_id = :machine_id AND path = :path;

-- name: checkout_put :exec
-- The first one stays, unless it was a mirror and a person's checkout comes.
INSERT INTO checkout (repo_id, machine_id, path, remote, is_mirror, created_at)
VALUES (:repo_id, :machine_id, :path, :remote, :is_mirror, :now)
ON CONFLICT (repo_id, machine_id) DO UPDATE
   SET path = excluded.path, remote = excluded.remote, is_mirror = excluded.is_mirror;

-- name: attempt_placed :exec
-- Its worktree is on a machine from now on.
UPDATE attempt
   SET machine_id = :machine_id, repo_path = :repo_path, worktree_path = :worktree_path,
       workspace_root = :workspace_root, placed_files = :placed_files,
       workspace_status = 'created', updated_at = :now
 WHERE attempt_key = :attempt_key;

-- name: left_insert :exec
-- The worktree of before stays where it is, for its machine to clean up.
INSERT INTO left_worktree (attempt_key, machine_id, worktree_path, workspace_root, placed_files,
                           left_at)
SELECT attempt_key, machine_id, worktree_path, workspace_root, placed_files, :now
  FROM attempt WHERE attempt_key = :attempt_key AND worktree_path <> ''
ON CONFLICT (attempt_key, machine_id) DO UPDATE
   SET left_at = excluded.left_at, removed_at = NULL;

-- name: left_here :many
-- What of a run's attempts still stands where another machine went on with them.
SELECT a.task_no, a.attempt_no, l.worktree_path, l.workspace_root, l.placed_files
  FROM task AS t
  JOIN attempt AS a ON a.task_no = t.task_no
  JOIN left_worktree AS l ON l.attempt_key = a.attempt_key
 WHERE t.run_id = :run_id AND l.machine_id = :machine_id AND l.removed_at IS NULL
 ORDER BY a.task_no, a.attempt_no;

-- name: left_removed :exec
-- Its machine removed it, or works there again.
UPDATE left_worktree SET removed_at = :now
 WHERE attempt_key = :attempt_key AND machine_id = :machine_id AND removed_at IS NULL;

-- name: landed_on :many
-- How many worktrees of landed work a machine still has, by run.
-- scan: a machine looks once a minute
SELECT t.run_id, count(DISTINCT a.attempt_key) AS count
  FROM attempt AS a
  JOIN task AS t ON t.task_no = a.task_no
  JOIN entry AS e ON e.task_no = a.task_no AND e.attempt_key = a.attempt_key
 WHERE a.machine_id = :machine_id AND a.workspace_status = 'created'
   AND t.status IN ('done', 'failed', 'cancelled')
   AND e.status IN ('landed', 'verified', 'landed_externally')
 GROUP BY t.run_id ORDER BY t.run_id;

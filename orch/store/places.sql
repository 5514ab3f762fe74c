-- name: place_row :part
-- A place with the attempt it belongs to.
SELECT p.attempt_key, p.place_path, p.out_path, p.repo_path, p.wanted, p.made_at, p.removed_at,
       t.run_id, t.task_id, a.attempt_no, a.status
  FROM place AS p JOIN attempt AS a ON a.attempt_key = p.attempt_key
  JOIN task AS t ON t.task_no = a.task_no;

-- name: place_insert :exec
-- With its attempt; made afterwards.
INSERT INTO place (attempt_key, place_path, out_path, repo_path, wanted)
SELECT attempt_key, :place_path, :out_path, :repo_path, :wanted
  FROM attempt WHERE task_no = :task_no AND attempt_no = :attempt_no;

-- name: place_find :maybe
-- A runner looks where its agent is to work.
{place_row}
 WHERE p.attempt_key = :attempt_key;

-- name: place_unmade :many
-- What a killed command left to be made; few at any time, so an index of them alone.
{place_row}
 WHERE p.made_at IS NULL AND t.run_id = :run_id
   AND a.status IN ('dispatched', 'running', 'blocked')
 ORDER BY p.attempt_key;

-- name: place_of_run :many
-- cleanup and doctor choose among them; without a run, all of them.
-- scan: doctor looks at every place there is.
{place_row}
 WHERE p.removed_at IS NULL AND (:run_id IS NULL OR t.run_id = :run_id)
 ORDER BY p.attempt_key;

-- name: place_set_made :exec
-- Once; the commit it shows is known now.
UPDATE place SET made_at = :now, commit_id = :commit_id
 WHERE attempt_key = :attempt_key AND made_at IS NULL;

-- name: place_set_moved :exec
-- Another machine takes its attempt up, and makes it there.
UPDATE place SET place_path = :place_path, out_path = :out_path, made_at = NULL
 WHERE attempt_key = :attempt_key;

-- name: place_set_removed :exec
-- One that was never made is over as well.
UPDATE place SET made_at = coalesce(made_at, :now), removed_at = :now
 WHERE attempt_key = :attempt_key AND removed_at IS NULL;

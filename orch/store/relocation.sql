-- name: places_of_repositories :many
-- Where repositories are recorded, with the run that knows each.
-- scan: a person asks, once in a repository's life
SELECT DISTINCT p.path, p.run_id FROM (
    SELECT repo_path AS path, run_id FROM run
    UNION SELECT a.repo_path, t.run_id FROM attempt AS a JOIN task AS t ON t.task_no = a.task_no
    UNION SELECT repo_path, run_id FROM dispatch_intent
    UNION SELECT q.repo_path, e.run_id FROM queue AS q JOIN entry AS e ON e.queue_no = q.queue_no
) AS p WHERE p.path <> '' ORDER BY p.path, p.run_id;

-- name: commits_of_repository :many
-- Some of what the repository that moved must hold.
-- scan: a person asks, once in a repository's life
SELECT DISTINCT base_commit FROM attempt
 WHERE repo_path = :old AND base_commit <> '' ORDER BY attempt_key DESC LIMIT 20;

-- name: run_moved :exec
-- What lies at or below the old place; likewise in the rest.
-- scan: runs are few
UPDATE run SET repo_path = :new || substr(repo_path, length(:old) + 1), updated_at = :now
 WHERE repo_path = :old OR substr(repo_path, 1, length(:old) + 1) = :old || '/';

-- name: attempt_moved :exec
-- The root and the worktree may lie elsewhere, and have not moved then.
-- scan: a person asks, once in a repository's life
UPDATE attempt
   SET repo_path = :new || substr(repo_path, length(:old) + 1),
       workspace_root = CASE WHEN substr(workspace_root, 1, length(:old) + 1) = :old || '/'
           THEN :new || substr(workspace_root, length(:old) + 1) ELSE workspace_root END,
       worktree_path = CASE WHEN substr(worktree_path, 1, length(:old) + 1) = :old || '/'
           THEN :new || substr(worktree_path, length(:old) + 1) ELSE worktree_path END,
       updated_at = :now
 WHERE repo_path = :old OR substr(repo_path, 1, length(:old) + 1) = :old || '/';

-- name: intent_moved :exec
-- A dispatch that was killed is undone where it is now.
-- scan: dispatches under way are few
UPDATE dispatch_intent
   SET repo_path = :new || substr(repo_path, length(:old) + 1),
       root = CASE WHEN substr(root, 1, length(:old) + 1) = :old || '/'
           THEN :new || substr(root, length(:old) + 1) ELSE root END,
       worktree = CASE WHEN substr(worktree, 1, length(:old) + 1) = :old || '/'
           THEN :new || substr(worktree, length(:old) + 1) ELSE worktree END
 WHERE repo_path = :old OR substr(repo_path, 1, length(:old) + 1) = :old || '/';

-- name: place_moved :exec
-- Those of analysis attempts.
-- scan: a person asks, once in a repository's life
UPDATE place
   SET repo_path = CASE WHEN repo_path = :old OR substr(repo_path, 1, length(:old) + 1) = :old || '/'
           THEN :new || substr(repo_path, length(:old) + 1) ELSE repo_path END,
       place_path = CASE WHEN substr(place_path, 1, length(:old) + 1) = :old || '/'
           THEN :new || substr(place_path, length(:old) + 1) ELSE place_path END,
       out_path = CASE WHEN substr(out_path, 1, length(:old) + 1) = :old || '/'
           THEN :new || substr(out_path, length(:old) + 1) ELSE out_path END;

-- name: queue_moved :exec
-- One per repository and target.
-- scan: queues are few
UPDATE queue SET repo_path = :new || substr(repo_path, length(:old) + 1), updated_at = :now
 WHERE repo_path = :old OR substr(repo_path, 1, length(:old) + 1) = :old || '/';

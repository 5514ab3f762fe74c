-- name: commits_of_repository :many
SELECT base_commit FROM attempt
 WHERE repo_path = :old AND base_commit <> ''
 GROUP BY base_commit ORDER BY max(attempt_key) DESC LIMIT 20;

-- name: ticket_known :many
-- What became of these contents in the run.
SELECT sha256, state FROM ticket
 WHERE run_id = :run_id AND sha256 IN (SELECT value FROM json_each(:digests));

-- name: ticket_put :exec
-- One content, once; what was applied is history, and what waits or was refused may be told anew.
INSERT INTO ticket (run_id, sha256, path, state, text, event_id, created_at, updated_at)
VALUES (:run_id, :sha256, :path, :state, :text, :event_id, :now, :now)
    ON CONFLICT (run_id, sha256) DO UPDATE
   SET path = excluded.path, state = excluded.state, text = excluded.text,
       event_id = excluded.event_id, updated_at = excluded.updated_at
 WHERE ticket.state <> 'applied';

-- name: ticket_open :many
-- What was not applied: refused, or waiting for a task that is nowhere.
SELECT sha256, path, state, text, created_at FROM ticket
 WHERE run_id = :run_id AND state <> 'applied' ORDER BY path, created_at;

-- name: ticket_paths :many
-- The files that open runs were given: they make no repository dirty.
-- scan: tickets of open runs, asked when a repository is dirty
SELECT DISTINCT t.path FROM ticket AS t JOIN run AS r ON r.run_id = t.run_id
 WHERE r.closed_at IS NULL AND t.path <> '';

-- name: ticket_globs :many
-- Those that runs were told to watch, beside those of orch.toml.
-- scan: one row per driven run, asked when a repository is dirty
SELECT DISTINCT g.value
  FROM drive AS d JOIN run AS r ON r.run_id = d.run_id AND r.closed_at IS NULL
  JOIN json_each(d.settings, '$.tickets') AS g;

-- name: ticket_of_run :many
-- All that a run was given, the newest first.
SELECT sha256, path, state FROM ticket WHERE run_id = :run_id ORDER BY updated_at DESC, path;

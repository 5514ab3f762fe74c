-- name: pull_row :part
-- What was pushed for an entry, and what the forge said of it last.
SELECT p.entry_no, p.branch, p.commit_id, p.pushed, p.number, p.url, p.state, p.summary, p.failure,
       p.etag, p.errors, p.due_at, p.created_at, p.updated_at
  FROM pull_request AS p;

-- name: pull_find :maybe
-- By its entry.
{pull_row} WHERE p.entry_no = :entry_no;

-- name: pull_of_queue :many
-- Those that a queue waits for.
{pull_row} JOIN entry AS e ON e.entry_no = p.entry_no
 WHERE e.queue_no = :queue_no AND e.status = 'awaiting_forge'
   AND e.status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally')
 ORDER BY p.due_at, p.entry_no;

-- name: pull_of_branch :maybe
-- scan: only entries that were proposed are here, and a branch is asked for when one is pushed
{pull_row} JOIN entry AS e ON e.entry_no = p.entry_no
 WHERE p.branch = :branch AND e.queue_no = :queue_no
 ORDER BY p.entry_no DESC LIMIT 1;

-- name: pull_intend :exec
-- Before anything is pushed.
INSERT INTO pull_request (entry_no, branch, commit_id, pushed, created_at, updated_at)
VALUES (:entry_no, :branch, :commit, :pushed, :now, :now)
ON CONFLICT (entry_no) DO UPDATE
   SET commit_id = :commit, state = 'opening', summary = '', failure = '', etag = '', errors = 0,
       due_at = 0, updated_at = :now;

-- name: pull_opened :exec
-- Pushed, and opened or brought up to date.
UPDATE pull_request
   SET number = :number, url = :url, state = 'open', pushed = commit_id, errors = 0,
       due_at = :due_at, updated_at = :now
 WHERE entry_no = :entry_no;

-- name: pull_seen :exec
-- What the forge said.
UPDATE pull_request
   SET state = :state, summary = :summary, etag = :etag, failure = :failure, errors = 0,
       due_at = :due_at, updated_at = :now
 WHERE entry_no = :entry_no;

-- name: pull_missed :exec
-- It could not be asked.
UPDATE pull_request
   SET summary = :summary, errors = errors + 1, due_at = :due_at, updated_at = :now
 WHERE entry_no = :entry_no;

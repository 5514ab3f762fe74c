-- Where an attempt without a worktree works: a place of its own, and a folder for what it hands in.
-- The row is the intent: it is written with its attempt, made afterwards, and whoever meets one that
-- is not made (a reconcile, a runner) makes it. Nothing in a place ever counts as work or lands.

CREATE TABLE place (
    attempt_key INTEGER PRIMARY KEY REFERENCES attempt (attempt_key),
    place_path  TEXT NOT NULL UNIQUE,
    out_path    TEXT NOT NULL UNIQUE,
    repo_path   TEXT NOT NULL,  -- '' = an empty folder
    wanted      TEXT NOT NULL,  -- the commit it is to show; '' = HEAD as it is when it is made
    commit_id   TEXT NOT NULL DEFAULT '',
    made_at     INTEGER,
    removed_at  INTEGER,
    CONSTRAINT place_made_before_removed CHECK (removed_at IS NULL OR made_at IS NOT NULL)
) STRICT;

CREATE INDEX place_unmade ON place (attempt_key) WHERE made_at IS NULL;

DROP VIEW attempt_view;
CREATE VIEW attempt_view AS
SELECT a.attempt_key, a.task_no, a.attempt_no, a.thread_no, json_object(
    'run_id', t.run_id,
    'task_id', t.task_id,
    'attempt_no', a.attempt_no,
    'thread_id', h.thread_id,
    'assigned_to', a.assigned_to,
    'status', a.status,
    'execution_mode', a.execution_mode,
    'repo_path', a.repo_path,
    'base_ref', a.base_ref,
    'base_commit', a.base_commit,
    'base_source', a.base_source,
    'branch_name', a.branch_name,
    'worktree_path', a.worktree_path,
    'workspace_status', a.workspace_status,
    'place_path', coalesce(p.place_path, ''),
    'out_path', coalesce(p.out_path, ''),
    'head_commit', a.head_commit,
    'dirty_files', a.dirty_files,
    'uncommitted_work', json(CASE WHEN a.dirty_files > 0 THEN 'true' ELSE 'false' END),
    'path_violations', json(a.path_violations),
    'pid', a.pid,
    'pid_started', a.pid_started,
    'pid_boot', a.pid_boot,
    'liveness', a.liveness,
    'late_report', CASE WHEN a.late_event > 0 THEN 'msg_' || a.late_event END,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.updated_at / 1000.0, 'unixepoch')
) AS document
FROM attempt AS a JOIN task AS t USING (task_no) JOIN thread AS h ON h.thread_no = a.thread_no
LEFT JOIN place AS p ON p.attempt_key = a.attempt_key;

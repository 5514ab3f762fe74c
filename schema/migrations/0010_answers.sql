-- What tasks and attempts say of themselves: since when, what was asked for, which check is flaky.

-- When what led to a task's status happened, which may be before anybody looked; 0: as it began.
ALTER TABLE task ADD COLUMN status_at INTEGER NOT NULL DEFAULT 0;
UPDATE task SET status_at = updated_at WHERE last_event > 0;

DROP VIEW task_view;
CREATE VIEW task_view AS
SELECT t.task_no, t.run_id, json_object(
    'run_id', t.run_id,
    'task_id', t.task_id,
    'title', t.title,
    'summary', t.summary,
    'status', t.status,
    'priority', CASE t.priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END,
    'rank', nullif(t.rank, 0),
    'default_to', t.default_to,
    'execution_mode', t.execution_mode,
    'risk', t.risk,
    'acceptance', json(t.acceptance),
    'allowed_paths', json(t.allowed_paths),
    'blocked_paths', json(t.blocked_paths),
    'check_profile', t.check_profile,
    'required_checks', json(t.required_checks),
    'metadata_json', json(t.metadata),
    'depends_on', json((SELECT json_group_array(d.task_id) FROM (
        SELECT p.task_id FROM dependency AS e JOIN task AS p ON p.task_no = e.depends_on
         WHERE e.task_no = t.task_no ORDER BY p.task_no) AS d)),
    'locks', json((SELECT json_group_array(k.lock) FROM (
        SELECT lock FROM task_lock WHERE task_no = t.task_no ORDER BY lock) AS k)),
    'max_attempts', t.max_attempts,
    'latest_attempt_no', nullif(t.latest_attempt_no, 0),
    'waiting_chain', t.chain,
    'not_before', CASE WHEN t.not_before_at > 0
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', t.not_before_at / 1000.0, 'unixepoch') END,
    'reason', nullif(t.reason, ''),
    'spec', json_object(
        'spec_file', t.spec_path,
        'path', t.spec_path,
        'sha256', t.spec_sha256,
        'content', t.spec_text,
        'check_profile', t.check_profile,
        'required_checks', json(t.required_checks),
        'allowed_paths', json(t.allowed_paths),
        'blocked_paths', json(t.blocked_paths),
        'metadata', json(t.metadata)),
    -- The newest result per required check counts; `failed` only once every one has a result, or
    -- where paths were changed that the task does not own.
    'gate', json((SELECT json_object(
        'status', CASE
            WHEN v.violated THEN 'failed'
            WHEN sum(c.status IS 'error') > 0 THEN 'error'
            WHEN sum(c.status IS NULL) > 0 THEN 'pending'
            WHEN sum(c.status IS 'failed') > 0 THEN 'failed'
            ELSE 'passed' END,
        'checks', json_group_array(json_object(
            'check', q.value,
            'status', coalesce(c.status, 'pending'),
            'source', c.source,
            'summary', c.summary,
            'exit_status', c.exit_status,
            'head_commit', c.head_commit,
            -- It failed before on the very same head.
            'flaky', json(iif(c.status IS 'passed' AND EXISTS (
                SELECT 1 FROM check_result AS f
                 WHERE f.attempt_key = c.attempt_key AND f.check_name = c.check_name
                   AND f.result_no < c.result_no AND f.status = 'failed'
                   AND f.head_commit = c.head_commit), 'true', 'false')),
            'recorded_by', c.recorded_by,
            'recorded_at', CASE WHEN c.created_at IS NOT NULL
                THEN strftime('%Y-%m-%dT%H:%M:%fZ', c.created_at / 1000.0, 'unixepoch') END))
            FILTER (WHERE q.value IS NOT NULL))
      FROM (SELECT EXISTS (
                SELECT 1 FROM attempt AS w JOIN run AS r ON r.run_id = t.run_id
                 WHERE w.task_no = t.task_no AND w.attempt_no = t.latest_attempt_no
                   AND w.path_violations <> '[]' AND r.ownership = 'enforce') AS violated) AS v
      LEFT JOIN json_each(t.required_checks) AS q
      LEFT JOIN check_result AS c ON c.result_no = (
           SELECT max(n.result_no)
             FROM attempt AS a JOIN check_result AS n ON n.attempt_key = a.attempt_key
            WHERE a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
              AND n.check_name = q.value)
      HAVING count(q.value) > 0 OR v.violated)),
    'status_at', strftime('%Y-%m-%dT%H:%M:%fZ',
        coalesce(nullif(t.status_at, 0), t.created_at) / 1000.0, 'unixepoch'),
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', t.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', t.updated_at / 1000.0, 'unixepoch')
) AS document FROM task AS t;

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
    'ended_at', CASE WHEN a.ended_at IS NOT NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', a.ended_at / 1000.0, 'unixepoch') END,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.updated_at / 1000.0, 'unixepoch')
) AS document
FROM attempt AS a JOIN task AS t USING (task_no) JOIN thread AS h ON h.thread_no = a.thread_no
LEFT JOIN place AS p ON p.attempt_key = a.attempt_key;

-- Done code tasks of which nothing can land: the newest attempt has no commit of its own, and no
-- entry of it is on its way or landed.
CREATE VIEW nothing_to_land AS
SELECT t.task_no, t.run_id
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.status = 'done' AND a.execution_mode = 'code' AND a.head_commit = a.base_commit
   AND coalesce(a.dirty_files, 0) = 0
   AND NOT EXISTS (SELECT 1 FROM entry AS e
                    WHERE e.task_no = t.task_no AND e.attempt_key = a.attempt_key
                      AND e.status NOT IN ('cancelled', 'superseded'));

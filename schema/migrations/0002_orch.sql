-- The control plane: runs, tasks, dependencies, attempts, checks. Work, verification and
-- integration are separate fields of a task: done is not merged.

INSERT INTO transition (machine, source, target) VALUES
    ('task', 'planned', 'ready'),
    ('task', 'planned', 'cancelled'),
    ('task', 'ready', 'planned'),
    ('task', 'ready', 'dispatched'),
    ('task', 'ready', 'cancelled'),
    ('task', 'dispatched', 'running'),
    ('task', 'dispatched', 'blocked'),
    ('task', 'dispatched', 'verifying'),
    ('task', 'dispatched', 'done'),
    ('task', 'dispatched', 'failed'),
    ('task', 'dispatched', 'cancelled'),
    ('task', 'running', 'dispatched'),
    ('task', 'running', 'blocked'),
    ('task', 'running', 'verifying'),
    ('task', 'running', 'done'),
    ('task', 'running', 'failed'),
    ('task', 'running', 'cancelled'),
    ('task', 'blocked', 'dispatched'),
    ('task', 'blocked', 'running'),
    ('task', 'blocked', 'verifying'),
    ('task', 'blocked', 'done'),
    ('task', 'blocked', 'failed'),
    ('task', 'blocked', 'cancelled'),
    ('task', 'verifying', 'done'),
    ('task', 'verifying', 'failed'),
    ('task', 'verifying', 'dispatched'),
    ('task', 'verifying', 'cancelled'),
    ('task', 'failed', 'dispatched'),
    ('task', 'failed', 'verifying'),
    ('task', 'failed', 'done'),
    ('task', 'failed', 'cancelled'),
    ('task', 'cancelled', 'verifying'),
    ('task', 'cancelled', 'done');

CREATE TABLE run (
    run_id             TEXT PRIMARY KEY,
    goal               TEXT NOT NULL,
    summary            TEXT NOT NULL,
    leader             TEXT NOT NULL,
    repo_path          TEXT NOT NULL DEFAULT '',
    base_ref           TEXT NOT NULL DEFAULT '',
    target             TEXT NOT NULL DEFAULT '',
    ownership          TEXT NOT NULL DEFAULT 'warn',
    fingerprint        TEXT,
    reconciled_through INTEGER NOT NULL DEFAULT 0,
    settled_event      INTEGER NOT NULL DEFAULT 0,
    created_at         INTEGER NOT NULL,
    updated_at         INTEGER NOT NULL,
    closed_at          INTEGER,
    CONSTRAINT run_ownership_known CHECK (ownership IN ('enforce', 'warn', 'off')),
    CONSTRAINT run_fingerprint_json CHECK (fingerprint IS NULL OR json_valid(fingerprint))
) STRICT, WITHOUT ROWID;

CREATE INDEX run_open ON run (created_at) WHERE closed_at IS NULL;

CREATE TABLE task (
    task_no           INTEGER PRIMARY KEY,
    run_id            TEXT NOT NULL REFERENCES run (run_id),
    task_id           TEXT NOT NULL,
    title             TEXT NOT NULL,
    summary           TEXT NOT NULL,
    default_to        TEXT,
    priority          INTEGER NOT NULL,
    rank              INTEGER NOT NULL DEFAULT 0,
    acceptance        TEXT,
    spec_path         TEXT,
    spec_text         TEXT,
    spec_sha256       TEXT,
    check_profile     TEXT,
    required_checks   TEXT NOT NULL DEFAULT '[]',
    allowed_paths     TEXT NOT NULL DEFAULT '[]',
    blocked_paths     TEXT NOT NULL DEFAULT '[]',
    metadata          TEXT NOT NULL DEFAULT '{}',
    max_attempts      INTEGER NOT NULL DEFAULT 3,
    risk              TEXT NOT NULL DEFAULT 'low',
    execution_mode    TEXT,
    status            TEXT NOT NULL,
    unmet             INTEGER NOT NULL DEFAULT 0,
    chain             INTEGER NOT NULL DEFAULT 0,
    not_before_at     INTEGER NOT NULL DEFAULT 0,
    latest_attempt_no INTEGER NOT NULL DEFAULT 0,
    next_attempt_no   INTEGER NOT NULL DEFAULT 1,
    reason            TEXT NOT NULL DEFAULT '',
    last_event        INTEGER NOT NULL DEFAULT 0,
    created_at        INTEGER NOT NULL,
    updated_at        INTEGER NOT NULL,
    UNIQUE (run_id, task_id),
    CONSTRAINT task_status_known CHECK (status IN ('planned', 'ready', 'dispatched', 'running',
        'blocked', 'verifying', 'done', 'failed', 'cancelled')),
    CONSTRAINT task_priority_known CHECK (priority IN (0, 1, 2)),
    CONSTRAINT task_risk_known CHECK (risk IN ('low', 'medium', 'high')),
    CONSTRAINT task_mode_known CHECK (execution_mode IN ('analysis', 'code')),
    CONSTRAINT task_unmet_counts CHECK (unmet >= 0),
    CONSTRAINT task_ready_is_unblocked CHECK (status <> 'ready' OR unmet = 0),
    CONSTRAINT task_acceptance_json CHECK (acceptance IS NULL OR json_valid(acceptance)),
    CONSTRAINT task_metadata_object CHECK (json_type(metadata) = 'object')
) STRICT;

-- ready: in dispatch order, so that twenty of a hundred thousand are one index walk.
CREATE INDEX task_ready_order ON task (run_id, priority DESC, rank, chain DESC, task_no)
    WHERE status = 'ready';
-- wait: what was told first among the tasks in a status.
CREATE INDEX task_of_status ON task (run_id, status, last_event);
CREATE INDEX task_by_name ON task (task_id);

CREATE TRIGGER task_transition BEFORE UPDATE OF status ON task
WHEN OLD.status <> NEW.status AND NOT EXISTS (
    SELECT 1 FROM transition
     WHERE machine = 'task' AND source = OLD.status AND target = NEW.status)
BEGIN SELECT RAISE(ABORT, 'task: illegal transition'); END;

CREATE TRIGGER task_starts_unworked BEFORE INSERT ON task
WHEN NEW.status NOT IN ('planned', 'ready')
BEGIN SELECT RAISE(ABORT, 'task: starts planned or ready'); END;

-- How many tasks of a run are in each status: kept, so that status never counts tasks.
CREATE TABLE run_tally (
    run_id     TEXT PRIMARY KEY REFERENCES run (run_id),
    planned    INTEGER NOT NULL DEFAULT 0 CHECK (planned >= 0),
    ready      INTEGER NOT NULL DEFAULT 0 CHECK (ready >= 0),
    dispatched INTEGER NOT NULL DEFAULT 0 CHECK (dispatched >= 0),
    running    INTEGER NOT NULL DEFAULT 0 CHECK (running >= 0),
    blocked    INTEGER NOT NULL DEFAULT 0 CHECK (blocked >= 0),
    verifying  INTEGER NOT NULL DEFAULT 0 CHECK (verifying >= 0),
    done       INTEGER NOT NULL DEFAULT 0 CHECK (done >= 0),
    failed     INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled  INTEGER NOT NULL DEFAULT 0 CHECK (cancelled >= 0)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER run_tally_begun AFTER INSERT ON run BEGIN
    INSERT INTO run_tally (run_id) VALUES (NEW.run_id);
END;

CREATE TRIGGER run_tally_added AFTER INSERT ON task BEGIN
    UPDATE run_tally SET
        planned = planned + (NEW.status = 'planned'),
        ready = ready + (NEW.status = 'ready')
     WHERE run_id = NEW.run_id;
END;

CREATE TRIGGER run_tally_moved AFTER UPDATE OF status ON task WHEN OLD.status <> NEW.status BEGIN
    UPDATE run_tally SET
        planned = planned - (OLD.status = 'planned') + (NEW.status = 'planned'),
        ready = ready - (OLD.status = 'ready') + (NEW.status = 'ready'),
        dispatched = dispatched - (OLD.status = 'dispatched') + (NEW.status = 'dispatched'),
        running = running - (OLD.status = 'running') + (NEW.status = 'running'),
        blocked = blocked - (OLD.status = 'blocked') + (NEW.status = 'blocked'),
        verifying = verifying - (OLD.status = 'verifying') + (NEW.status = 'verifying'),
        done = done - (OLD.status = 'done') + (NEW.status = 'done'),
        failed = failed - (OLD.status = 'failed') + (NEW.status = 'failed'),
        cancelled = cancelled - (OLD.status = 'cancelled') + (NEW.status = 'cancelled')
     WHERE run_id = NEW.run_id;
END;

CREATE TABLE dependency (
    task_no    INTEGER NOT NULL REFERENCES task (task_no),
    depends_on INTEGER NOT NULL REFERENCES task (task_no),
    PRIMARY KEY (task_no, depends_on),
    CONSTRAINT dependency_not_self CHECK (task_no <> depends_on)
) STRICT, WITHOUT ROWID;

CREATE INDEX dependency_reverse ON dependency (depends_on, task_no);

CREATE TABLE task_lock (
    task_no INTEGER NOT NULL REFERENCES task (task_no),
    lock    TEXT NOT NULL,
    PRIMARY KEY (task_no, lock)
) STRICT, WITHOUT ROWID;

-- One row per lock that an active task holds: the key makes two holders impossible (I14).
CREATE TABLE held_lock (
    lock    TEXT PRIMARY KEY,
    task_no INTEGER NOT NULL REFERENCES task (task_no)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_lock_of_task ON held_lock (task_no);

CREATE TABLE attempt (
    attempt_key      INTEGER PRIMARY KEY,
    task_no          INTEGER NOT NULL REFERENCES task (task_no),
    attempt_no       INTEGER NOT NULL CHECK (attempt_no > 0),
    thread_no        INTEGER NOT NULL UNIQUE REFERENCES thread (thread_no),
    assigned_to      TEXT NOT NULL,
    status           TEXT NOT NULL,
    execution_mode   TEXT NOT NULL,
    repo_path        TEXT NOT NULL DEFAULT '',
    workspace_root   TEXT NOT NULL DEFAULT '',
    base_ref         TEXT NOT NULL DEFAULT '',
    base_commit      TEXT NOT NULL DEFAULT '',
    base_source      TEXT NOT NULL DEFAULT '',
    branch_name      TEXT NOT NULL DEFAULT '',
    worktree_path    TEXT NOT NULL DEFAULT '',
    workspace_status TEXT NOT NULL DEFAULT '',
    placed_files     TEXT NOT NULL DEFAULT '{}',
    head_commit      TEXT,
    dirty_files      INTEGER,
    path_violations  TEXT,
    pid              INTEGER,
    pid_started      INTEGER,
    pid_boot         TEXT,
    liveness         TEXT NOT NULL DEFAULT 'unknown',
    late_event       INTEGER NOT NULL DEFAULT 0,
    created_at       INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    ended_at         INTEGER,
    UNIQUE (task_no, attempt_no),
    CONSTRAINT attempt_mode_known CHECK (execution_mode IN ('analysis', 'code')),
    CONSTRAINT attempt_workspace_known CHECK (workspace_status IN ('', 'created', 'cleaned')),
    CONSTRAINT attempt_liveness_known CHECK (liveness IN ('live', 'stale', 'gone', 'unknown')),
    CONSTRAINT attempt_status_known CHECK (status IN ('dispatched', 'running', 'blocked',
        'verifying', 'done', 'failed', 'cancelled')),
    CONSTRAINT attempt_analysis_has_no_worktree
        CHECK (execution_mode = 'code' OR (branch_name = '' AND worktree_path = ''))
) STRICT;

-- At most one attempt works on a task (I14).
CREATE UNIQUE INDEX attempt_active ON attempt (task_no)
    WHERE status IN ('dispatched', 'running', 'blocked', 'verifying');
-- A branch is never used twice (I15).
CREATE UNIQUE INDEX attempt_branch_once ON attempt (repo_path, branch_name) WHERE branch_name <> '';

-- What a dispatch is about to do outside the file: written before, deleted with the attempt's
-- insertion. A row whose process is gone is undone by the next reconcile.
CREATE TABLE dispatch_intent (
    task_no     INTEGER PRIMARY KEY REFERENCES task (task_no),
    run_id      TEXT NOT NULL,
    attempt_no  INTEGER NOT NULL,
    repo_path   TEXT NOT NULL,
    branch_name TEXT NOT NULL,
    worktree    TEXT NOT NULL,
    root        TEXT NOT NULL,
    base_commit TEXT NOT NULL,
    pid         INTEGER NOT NULL,
    pid_started INTEGER NOT NULL,
    pid_boot    TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT;

CREATE INDEX dispatch_intent_of_run ON dispatch_intent (run_id);

-- Results of checks, the newest per (attempt, check) counting; cached by what was tested.
CREATE TABLE check_result (
    result_no   INTEGER PRIMARY KEY,
    attempt_key INTEGER NOT NULL REFERENCES attempt (attempt_key),
    check_name  TEXT NOT NULL,
    status      TEXT NOT NULL,
    source      TEXT NOT NULL,
    head_commit TEXT,
    cache_key   TEXT,
    summary     TEXT NOT NULL DEFAULT '',
    output_head TEXT NOT NULL DEFAULT '',
    output_tail TEXT NOT NULL DEFAULT '',
    exit_status INTEGER,
    duration_ms INTEGER,
    recorded_by TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    CONSTRAINT check_result_status_known CHECK (status IN ('passed', 'failed', 'error')),
    CONSTRAINT check_result_source_known CHECK (source IN ('run', 'cache', 'record'))
) STRICT;

CREATE INDEX check_result_of_attempt ON check_result (attempt_key, check_name, result_no);
CREATE INDEX check_result_cached ON check_result (cache_key) WHERE cache_key IS NOT NULL;

CREATE TRIGGER check_result_frozen BEFORE UPDATE ON check_result
BEGIN SELECT RAISE(ABORT, 'check_result: append-only'); END;

-- The first that holds (design: state of a run); `planned` left alone waits on a cancelled one.
CREATE VIEW run_status AS
SELECT n.run_id, CASE
        WHEN n.planned + n.ready + n.dispatched + n.running + n.blocked + n.verifying + n.done + n.failed + n.cancelled = 0 THEN 'empty'
        WHEN n.blocked > 0 THEN 'blocked'
        WHEN n.dispatched + n.running + n.verifying > 0 THEN 'running'
        WHEN n.ready > 0 THEN 'ready'
        WHEN n.failed > 0 THEN 'failed'
        WHEN n.done + n.planned = 0 THEN 'cancelled'
        WHEN n.planned > 0 THEN 'blocked'
        ELSE 'done' END AS status
  FROM run_tally AS n;

CREATE VIEW run_view AS
SELECT r.run_id, json_object(
    'run_id', r.run_id,
    'goal', r.goal,
    'summary', r.summary,
    'status', s.status,
    'leader', r.leader,
    'repo_path', r.repo_path,
    'base_ref', r.base_ref,
    'target', r.target,
    'ownership', r.ownership,
    'counts', json_object(
        'total', n.planned + n.ready + n.dispatched + n.running + n.blocked + n.verifying + n.done + n.failed + n.cancelled,
        'planned', n.planned,
        'ready', n.ready,
        'dispatched', n.dispatched,
        'running', n.running,
        'blocked', n.blocked,
        'verifying', n.verifying,
        'done', n.done,
        'failed', n.failed,
        'cancelled', n.cancelled),
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', r.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', r.updated_at / 1000.0, 'unixepoch'),
    'closed_at', CASE WHEN r.closed_at IS NOT NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', r.closed_at / 1000.0, 'unixepoch') END
) AS document
  FROM run AS r
  JOIN run_tally AS n ON n.run_id = r.run_id
  JOIN run_status AS s ON s.run_id = r.run_id;

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
    'spec', CASE WHEN t.spec_path IS NOT NULL THEN json_object(
        'path', t.spec_path, 'sha256', t.spec_sha256, 'content', t.spec_text) END,
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
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', t.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', t.updated_at / 1000.0, 'unixepoch')
) AS document FROM task AS t;

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
FROM attempt AS a JOIN task AS t USING (task_no) JOIN thread AS h ON h.thread_no = a.thread_no;

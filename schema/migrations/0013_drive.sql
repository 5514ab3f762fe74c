-- The driver: who drives a run, with which settings, what each pass knew and decided, its worker
-- processes, what it found that only people can do, and who was told of it.

-- One row per run that anybody ever drove, set or paused: the lease is a process and a fence, as a
-- queue's.
CREATE TABLE drive (
    run_id         TEXT PRIMARY KEY REFERENCES run (run_id),
    settings       TEXT NOT NULL DEFAULT '{}',  -- of this run only; what is not in it is orch.toml's
    paused         INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    fence          INTEGER NOT NULL DEFAULT 0,
    until          TEXT NOT NULL DEFAULT '',
    runner_pid     INTEGER,
    runner_started INTEGER,
    runner_boot    TEXT,
    runner_until   INTEGER,
    taken_at       INTEGER NOT NULL DEFAULT 0,
    CONSTRAINT drive_settings_object CHECK (json_type(settings) = 'object')
) STRICT, WITHOUT ROWID;

CREATE TRIGGER drive_fence_rises BEFORE UPDATE OF fence ON drive WHEN NEW.fence < OLD.fence
BEGIN SELECT RAISE(ABORT, 'drive: a fence never falls'); END;

-- What the planner was told and decided, pass by pass; append-only, so that it can be replayed.
CREATE TABLE drive_pass (
    pass_no    INTEGER PRIMARY KEY,
    run_id     TEXT NOT NULL REFERENCES drive (run_id),
    fence      INTEGER NOT NULL,
    planner    TEXT NOT NULL,
    snapshot   TEXT NOT NULL,
    decisions  TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT drive_pass_snapshot_json CHECK (json_valid(snapshot)),
    CONSTRAINT drive_pass_decisions_json CHECK (json_valid(decisions))
) STRICT;

CREATE INDEX drive_pass_of_run ON drive_pass (run_id, pass_no);

CREATE TRIGGER drive_pass_frozen BEFORE UPDATE ON drive_pass
BEGIN SELECT RAISE(ABORT, 'drive_pass: append-only'); END;
CREATE TRIGGER drive_pass_kept BEFORE DELETE ON drive_pass
BEGIN SELECT RAISE(ABORT, 'drive_pass: append-only'); END;

-- What waits for a person: one row per (task, kind, cause); `event_id` is its drive_need event.
CREATE TABLE need (
    need_no  INTEGER PRIMARY KEY,
    run_id   TEXT NOT NULL REFERENCES run (run_id),
    task_id  TEXT NOT NULL,  -- '' of a run's own
    kind     TEXT NOT NULL,
    cause    TEXT NOT NULL,  -- what it came of: an event's id as text, or a digest of its words
    who      TEXT NOT NULL,
    text     TEXT NOT NULL,
    command  TEXT NOT NULL,
    since    INTEGER NOT NULL,
    event_id INTEGER NOT NULL UNIQUE REFERENCES event (event_id),
    ended_at INTEGER,
    UNIQUE (run_id, task_id, kind, cause)
) STRICT;

CREATE INDEX need_open ON need (run_id) WHERE ended_at IS NULL;

-- How far each leader has been told of a run's news (orch wait): `offered` was committed before it
-- was printed, `delivered` after; `event_id` is the most urgent piece of the last offer.
CREATE TABLE told (
    leader    TEXT NOT NULL,
    run_id    TEXT NOT NULL REFERENCES run (run_id),
    offered   INTEGER NOT NULL,
    event_id  INTEGER NOT NULL,
    delivered INTEGER NOT NULL CHECK (delivered <= offered),
    PRIMARY KEY (leader, run_id)
) STRICT, WITHOUT ROWID;

-- A need's way out, once per channel. `due_at` NULL: nothing is to be done about it any more.
CREATE TABLE notice (
    need_no     INTEGER NOT NULL REFERENCES need (need_no),
    channel     TEXT NOT NULL,
    due_at      INTEGER,
    tries       INTEGER NOT NULL DEFAULT 0,
    reminders   INTEGER NOT NULL DEFAULT 0,
    sent_at     INTEGER,
    pid         INTEGER,  -- of the process that sends it now
    pid_started INTEGER,
    pid_boot    TEXT,
    problem     TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (need_no, channel)
) STRICT, WITHOUT ROWID;

CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;

-- A step that was refused for a task without an attempt, how often for one cause; gone with the next
-- attempt. A few in a row are a need.
CREATE TABLE refusal (
    task_no  INTEGER PRIMARY KEY REFERENCES task (task_no),
    kind     TEXT NOT NULL,
    text     TEXT NOT NULL,
    count    INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    event_id INTEGER NOT NULL
) STRICT;

-- A worker process that a driver keeps; without a process it rests until `not_before_at`.
CREATE TABLE slot (
    run_id        TEXT NOT NULL REFERENCES drive (run_id),
    slot_no       INTEGER NOT NULL CHECK (slot_no > 0),
    agent         TEXT NOT NULL,
    harness       TEXT NOT NULL DEFAULT '',
    pid           INTEGER,
    pid_started   INTEGER,
    pid_boot      TEXT,
    starts        INTEGER NOT NULL DEFAULT 0,
    not_before_at INTEGER NOT NULL DEFAULT 0,
    reason        TEXT NOT NULL DEFAULT '',
    since         INTEGER NOT NULL,
    PRIMARY KEY (run_id, slot_no)
) STRICT, WITHOUT ROWID;

-- A ticket file by its content: the key lets each content be applied to a run at most once (I24).
-- `text` says what is wrong with one that was refused or waits.
CREATE TABLE ticket (
    run_id     TEXT NOT NULL REFERENCES run (run_id),
    sha256     TEXT NOT NULL,
    path       TEXT NOT NULL,
    state      TEXT NOT NULL,
    text       TEXT NOT NULL DEFAULT '',
    event_id   INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, sha256),
    CONSTRAINT ticket_state_known CHECK (state IN ('waiting', 'applied', 'refused'))
) STRICT, WITHOUT ROWID;

CREATE INDEX ticket_of_path ON ticket (run_id, path, updated_at);

CREATE TRIGGER ticket_stays_applied BEFORE UPDATE ON ticket WHEN OLD.state = 'applied'
BEGIN SELECT RAISE(ABORT, 'ticket: what was applied is history'); END;
CREATE TRIGGER ticket_stays BEFORE DELETE ON ticket
BEGIN SELECT RAISE(ABORT, 'ticket: never deleted'); END;

-- A program that knows at least this schema may go on working with a newer file.
ALTER TABLE store ADD COLUMN min_client INTEGER NOT NULL DEFAULT 13;

-- What an attempt came to, as retries count it; and the class of end that a driver began it for
-- by itself ('': a person did, or it is the first).
ALTER TABLE attempt ADD COLUMN end_class TEXT;
ALTER TABLE attempt ADD COLUMN begun_for TEXT NOT NULL DEFAULT '';
CREATE INDEX attempt_begun_for ON attempt (task_no) WHERE begun_for <> '';

-- How often later work was begun before it; and what kind of work it is.
ALTER TABLE task ADD COLUMN overtaken INTEGER NOT NULL DEFAULT 0;
ALTER TABLE task ADD COLUMN kind TEXT
    CHECK (kind IN ('feature', 'bugfix', 'refactor', 'docs', 'test', 'chore'));

-- The published shape of who drives a run.
CREATE VIEW drive_view AS
SELECT d.run_id, json_object(
    'paused', json(CASE d.paused WHEN 1 THEN 'true' ELSE 'false' END),
    'settings', json(d.settings),
    'until', nullif(d.until, ''),
    'pid', d.runner_pid,
    'taken_at', CASE WHEN d.runner_pid IS NOT NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', d.taken_at / 1000.0, 'unixepoch') END
) AS document FROM drive AS d;

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
    'kind', t.kind,
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
    'end_class', a.end_class,
    'begun_for', nullif(a.begun_for, ''),
    'late_report', CASE WHEN a.late_event > 0 THEN 'msg_' || a.late_event END,
    'ended_at', CASE WHEN a.ended_at IS NOT NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', a.ended_at / 1000.0, 'unixepoch') END,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', a.updated_at / 1000.0, 'unixepoch')
) AS document
FROM attempt AS a JOIN task AS t USING (task_no) JOIN thread AS h ON h.thread_no = a.thread_no
LEFT JOIN place AS p ON p.attempt_key = a.attempt_key;

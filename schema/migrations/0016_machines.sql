-- Many machines on one store of a server. Which machine is which, where each has a repository that a
-- remote holds, and what of an attempt's work the remote has. Empty on a file, which has one machine.

INSERT INTO transition (machine, source, target) VALUES
    ('machine', 'known', 'lost'),
    ('machine', 'lost', 'known');

-- A machine is a state directory. Whoever runs there shows it now and then, until `until`; another
-- `boot_id` or `session` before that is a copied id. `lost` is a person's word, never time's.
CREATE TABLE machine (
    machine_id TEXT NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL,
    status     TEXT NOT NULL DEFAULT 'known',
    boot_id    TEXT NOT NULL,
    session    TEXT NOT NULL,
    labels     TEXT NOT NULL DEFAULT '[]',
    seen_at    INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    reason     TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    CONSTRAINT machine_status_known CHECK (status IN ('known', 'lost')),
    CONSTRAINT machine_labels_array CHECK (json_type(labels) = 'array')
) STRICT;

CREATE TRIGGER machine_transition BEFORE UPDATE OF status ON machine
WHEN OLD.status <> NEW.status AND NOT EXISTS (
    SELECT 1 FROM transition
     WHERE machine = 'machine' AND source = OLD.status AND target = NEW.status)
BEGIN SELECT RAISE(ABORT, 'machine: illegal transition'); END;

-- A repository that several machines have: its remote is what they share.
CREATE TABLE repository (
    repo_id      TEXT NOT NULL PRIMARY KEY,
    remote_url   TEXT NOT NULL UNIQUE,
    first_commit TEXT NOT NULL,
    created_at   INTEGER NOT NULL
) STRICT;

-- Where a machine has it: a person's checkout, or a bare mirror of ours. `remote` is the name there.
CREATE TABLE checkout (
    repo_id    TEXT NOT NULL REFERENCES repository (repo_id),
    machine_id TEXT NOT NULL REFERENCES machine (machine_id),
    path       TEXT NOT NULL,
    remote     TEXT NOT NULL,
    is_mirror  INTEGER NOT NULL CHECK (is_mirror IN (0, 1)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (repo_id, machine_id),
    UNIQUE (machine_id, path)
) STRICT;

-- What the remote has of a thread's work: its worker pushes `worktree_path` to `ref`, and reports
-- once the remote has it. `epoch` is the lease under which it was pushed, 0 for not yet.
CREATE TABLE delivery (
    thread_no     INTEGER PRIMARY KEY REFERENCES thread (thread_no),
    machine_id    TEXT NOT NULL DEFAULT '',
    worktree_path TEXT NOT NULL DEFAULT '',
    ref           TEXT NOT NULL,
    start_commit  TEXT NOT NULL,
    head          TEXT NOT NULL DEFAULT '',
    epoch         INTEGER NOT NULL DEFAULT 0,
    pushed_at     INTEGER
) STRICT;

-- A worktree that was left where it was when another machine went on with its attempt.
CREATE TABLE left_worktree (
    attempt_key    INTEGER NOT NULL REFERENCES attempt (attempt_key),
    machine_id     TEXT NOT NULL,
    worktree_path  TEXT NOT NULL,
    workspace_root TEXT NOT NULL,
    placed_files   TEXT NOT NULL DEFAULT '{}',
    left_at        INTEGER NOT NULL,
    removed_at     INTEGER,
    PRIMARY KEY (attempt_key, machine_id)
) STRICT;

-- The ends of a turn's log: the rest stays on its machine.
CREATE TABLE turn_log (
    turn_key INTEGER PRIMARY KEY REFERENCES turn (turn_key),
    size     INTEGER NOT NULL,
    head     TEXT NOT NULL,
    tail     TEXT NOT NULL
) STRICT;

ALTER TABLE run ADD COLUMN repo_id TEXT NOT NULL DEFAULT '';
ALTER TABLE queue ADD COLUMN repo_id TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN repo_id TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN machine_id TEXT NOT NULL DEFAULT '';
CREATE UNIQUE INDEX queue_of_repository ON queue (repo_id, target) WHERE repo_id <> '';

CREATE VIEW machine_view AS
SELECT m.machine_id, m.name, m.until, json_object(
    'machine_id', m.machine_id,
    'name', m.name,
    'status', m.status,
    'labels', json(m.labels),
    'reason', nullif(m.reason, ''),
    'seen_at', strftime('%Y-%m-%dT%H:%M:%fZ', m.seen_at / 1000.0, 'unixepoch'),
    'until', strftime('%Y-%m-%dT%H:%M:%fZ', m.until / 1000.0, 'unixepoch')
) AS document FROM machine AS m;

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
    'machine', nullif(a.machine_id, ''),
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

-- Many machines on one store of a server. Which machine is which, where each has a repository that a
-- remote holds, and what of an attempt's work the remote has. Empty on a file, which has one machine.

INSERT INTO transition (machine, source, target) VALUES
    ('machine', 'known', 'lost'),
    ('machine', 'lost', 'known');

-- A machine is a state directory. Whoever runs there shows it now and then, until `until`; another
-- `boot_id` or `session` before that is a copied id. `lost` is a person's word, never time's.
CREATE TABLE machine (
    machine_id text NOT NULL PRIMARY KEY,
    name       text NOT NULL,
    status     text NOT NULL DEFAULT 'known',
    boot_id    text NOT NULL,
    session    text NOT NULL,
    labels     text NOT NULL DEFAULT '[]',
    seen_at    bigint NOT NULL,
    until      bigint NOT NULL,
    reason     text NOT NULL DEFAULT '',
    created_at bigint NOT NULL,
    CONSTRAINT machine_status_known CHECK (status IN ('known', 'lost')),
    CONSTRAINT machine_labels_array CHECK (json_typeof((labels)::json) = 'array')
);

CREATE TRIGGER machine_transition BEFORE UPDATE OF status ON machine FOR EACH ROW
    WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION orch_transition('machine');

-- A repository that several machines have: its remote is what they share.
CREATE TABLE repository (
    repo_id      text NOT NULL PRIMARY KEY,
    remote_url   text NOT NULL UNIQUE,
    first_commit text NOT NULL,
    created_at   bigint NOT NULL
);

-- Where a machine has it: a person's checkout, or a bare mirror of ours. `remote` is the name there.
CREATE TABLE checkout (
    repo_id    text NOT NULL REFERENCES repository (repo_id),
    machine_id text NOT NULL REFERENCES machine (machine_id),
    path       text NOT NULL,
    remote     text NOT NULL,
    is_mirror  bigint NOT NULL CHECK (is_mirror IN (0, 1)),
    created_at bigint NOT NULL,
    PRIMARY KEY (repo_id, machine_id),
    UNIQUE (machine_id, path)
);

-- What the remote has of a thread's work: its worker pushes `worktree_path` to `ref`, and reports
-- once the remote has it. `epoch` is the lease under which it was pushed, 0 for not yet.
CREATE TABLE delivery (
    thread_no     bigint PRIMARY KEY REFERENCES thread (thread_no),
    machine_id    text NOT NULL DEFAULT '',
    worktree_path text NOT NULL DEFAULT '',
    ref           text NOT NULL,
    start_commit  text NOT NULL,
    head          text NOT NULL DEFAULT '',
    epoch         bigint NOT NULL DEFAULT 0,
    pushed_at     bigint
);

-- A worktree that was left where it was when another machine went on with its attempt.
CREATE TABLE left_worktree (
    attempt_key    bigint NOT NULL REFERENCES attempt (attempt_key),
    machine_id     text NOT NULL,
    worktree_path  text NOT NULL,
    workspace_root text NOT NULL,
    placed_files   text NOT NULL DEFAULT '{}',
    left_at        bigint NOT NULL,
    removed_at     bigint,
    PRIMARY KEY (attempt_key, machine_id)
);

-- The ends of a turn's log: the rest stays on its machine.
CREATE TABLE turn_log (
    turn_key bigint PRIMARY KEY REFERENCES turn (turn_key),
    size     bigint NOT NULL,
    head     text NOT NULL,
    tail     text NOT NULL
);

ALTER TABLE run ADD COLUMN repo_id text NOT NULL DEFAULT '';
ALTER TABLE queue ADD COLUMN repo_id text NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN repo_id text NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN machine_id text NOT NULL DEFAULT '';
CREATE UNIQUE INDEX queue_of_repository ON queue (repo_id, target) WHERE repo_id <> '';

-- This machine, as whoever began the transaction says.
CREATE FUNCTION orch_machine() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce(current_setting('orch.machine', true), '') $$;

-- Where this machine has a repository, else where the row says that another one has it.
CREATE FUNCTION orch_path(repo text, path text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT CASE WHEN repo = '' THEN path ELSE coalesce((
       SELECT c.path FROM checkout AS c
        WHERE c.repo_id = repo AND c.machine_id = orch_machine()), path) END $$;

-- Which shared repository lies at a path of this machine, '' for none.
CREATE FUNCTION orch_repo(place text) RETURNS text LANGUAGE sql STABLE AS
$$ SELECT coalesce((
       SELECT c.repo_id FROM checkout AS c
        WHERE c.machine_id = orch_machine() AND c.path = place), '') $$;

CREATE VIEW machine_view AS
SELECT m.machine_id, m.name, m.until, (SELECT row_to_json(r_) FROM (SELECT
    m.machine_id AS "machine_id",
    m.name AS "name",
    m.status AS "status",
    m.labels::json AS "labels",
    nullif(m.reason, '') AS "reason",
    orch_iso(m.seen_at) AS "seen_at",
    orch_iso(m.until) AS "until") AS r_)::text AS document FROM machine AS m;

DROP VIEW attempt_view;
CREATE VIEW attempt_view AS
SELECT a.attempt_key, a.task_no, a.attempt_no, a.thread_no, (SELECT row_to_json(r_) FROM (SELECT
    t.run_id AS "run_id",
    t.task_id AS "task_id",
    a.attempt_no AS "attempt_no",
    h.thread_id AS "thread_id",
    a.assigned_to AS "assigned_to",
    a.status AS "status",
    a.execution_mode AS "execution_mode",
    orch_path(a.repo_id, a.repo_path) AS "repo_path",
    a.base_ref AS "base_ref",
    a.base_commit AS "base_commit",
    a.base_source AS "base_source",
    a.branch_name AS "branch_name",
    a.worktree_path AS "worktree_path",
    (SELECT m.name FROM machine AS m WHERE m.machine_id = a.machine_id) AS "machine",
    a.workspace_status AS "workspace_status",
    coalesce(p.place_path, '') AS "place_path",
    coalesce(p.out_path, '') AS "out_path",
    a.head_commit AS "head_commit",
    a.dirty_files AS "dirty_files",
    (CASE WHEN a.dirty_files > 0 THEN 'true' ELSE 'false' END)::json AS "uncommitted_work",
    orch_json(a.path_violations) AS "path_violations",
    a.pid AS "pid",
    a.pid_started AS "pid_started",
    a.pid_boot AS "pid_boot",
    a.liveness AS "liveness",
    a.end_class AS "end_class",
    nullif(a.begun_for, '') AS "begun_for",
    CASE WHEN a.late_event > 0 THEN 'msg_' || a.late_event END AS "late_report",
    CASE WHEN a.ended_at IS NOT NULL
        THEN orch_iso(a.ended_at) END AS "ended_at",
    orch_iso(a.created_at) AS "created_at",
    orch_iso(a.updated_at) AS "updated_at") AS r_)::text AS document
FROM attempt AS a JOIN task AS t USING (task_no) JOIN thread AS h ON h.thread_no = a.thread_no
LEFT JOIN place AS p ON p.attempt_key = a.attempt_key;

DROP VIEW run_view;
CREATE VIEW run_view AS
SELECT r.run_id, (SELECT row_to_json(r_) FROM (SELECT
    r.run_id AS "run_id",
    r.goal AS "goal",
    r.summary AS "summary",
    s.status AS "status",
    r.leader AS "leader",
    orch_path(r.repo_id, r.repo_path) AS "repo_path",
    r.base_ref AS "base_ref",
    r.target AS "target",
    r.ownership AS "ownership",
    (SELECT row_to_json(r_) FROM (SELECT
    n.planned + n.ready + n.dispatched + n.running + n.blocked + n.verifying + n.done + n.failed + n.cancelled AS "total",
    n.planned AS "planned",
    n.ready AS "ready",
    n.dispatched AS "dispatched",
    n.running AS "running",
    n.blocked AS "blocked",
    n.verifying AS "verifying",
    n.done AS "done",
    n.failed AS "failed",
    n.cancelled AS "cancelled") AS r_) AS "counts",
    orch_iso(r.created_at) AS "created_at",
    orch_iso(r.updated_at) AS "updated_at",
    CASE WHEN r.closed_at IS NOT NULL
        THEN orch_iso(r.closed_at) END AS "closed_at") AS r_)::text AS document
  FROM run AS r
  JOIN run_tally AS n ON n.run_id = r.run_id
  JOIN run_status AS s ON s.run_id = r.run_id;

-- The merge queue: entries on their way to a target branch, approvals, candidates, trials, passes.
-- Nothing of it lives outside this file; a runner can be killed between any two statements.

-- A task whose landing met a conflict goes back to its owner as a new attempt.
INSERT INTO transition (machine, source, target) VALUES
    ('task', 'done', 'dispatched'),
    ('entry', 'queued', 'building'),
    ('entry', 'queued', 'held'),
    ('entry', 'queued', 'cancelled'),
    ('entry', 'queued', 'superseded'),
    ('entry', 'queued', 'landed_externally'),
    ('entry', 'building', 'queued'),
    ('entry', 'building', 'testing'),
    ('entry', 'building', 'conflict'),
    ('entry', 'building', 'error'),
    ('entry', 'building', 'held'),
    ('entry', 'building', 'cancelled'),
    ('entry', 'building', 'superseded'),
    ('entry', 'building', 'quarantined'),
    ('entry', 'building', 'landed_externally'),
    ('entry', 'testing', 'queued'),
    ('entry', 'testing', 'passed'),
    ('entry', 'testing', 'failed'),
    ('entry', 'testing', 'error'),
    ('entry', 'testing', 'held'),
    ('entry', 'testing', 'cancelled'),
    ('entry', 'testing', 'superseded'),
    ('entry', 'testing', 'quarantined'),
    ('entry', 'testing', 'landed_externally'),
    ('entry', 'passed', 'queued'),
    ('entry', 'passed', 'awaiting_approval'),
    ('entry', 'passed', 'landing'),
    ('entry', 'passed', 'held'),
    ('entry', 'passed', 'cancelled'),
    ('entry', 'passed', 'superseded'),
    ('entry', 'passed', 'landed_externally'),
    ('entry', 'awaiting_approval', 'queued'),
    ('entry', 'awaiting_approval', 'passed'),
    ('entry', 'awaiting_approval', 'held'),
    ('entry', 'awaiting_approval', 'cancelled'),
    ('entry', 'awaiting_approval', 'superseded'),
    ('entry', 'awaiting_approval', 'landed_externally'),
    ('entry', 'landing', 'landed'),
    ('entry', 'landing', 'queued'),
    ('entry', 'landed', 'verified'),
    ('entry', 'landed', 'error'),
    ('entry', 'landed', 'cancelled'),
    ('entry', 'verified', 'cancelled'),
    ('entry', 'conflict', 'queued'),
    ('entry', 'conflict', 'held'),
    ('entry', 'conflict', 'cancelled'),
    ('entry', 'conflict', 'superseded'),
    ('entry', 'conflict', 'quarantined'),
    ('entry', 'conflict', 'landed_externally'),
    ('entry', 'failed', 'queued'),
    ('entry', 'failed', 'held'),
    ('entry', 'failed', 'cancelled'),
    ('entry', 'failed', 'superseded'),
    ('entry', 'failed', 'quarantined'),
    ('entry', 'failed', 'landed_externally'),
    ('entry', 'error', 'queued'),
    ('entry', 'error', 'held'),
    ('entry', 'error', 'cancelled'),
    ('entry', 'error', 'superseded'),
    ('entry', 'error', 'quarantined'),
    ('entry', 'error', 'landed_externally'),
    ('entry', 'held', 'queued'),
    ('entry', 'held', 'cancelled'),
    ('entry', 'held', 'superseded'),
    ('entry', 'held', 'landed_externally'),
    ('entry', 'quarantined', 'queued'),
    ('entry', 'quarantined', 'cancelled'),
    ('entry', 'quarantined', 'superseded'),
    ('entry', 'quarantined', 'landed_externally');

-- One queue per (repository, target). What failed before `retried_at` counts no more: a person
-- said so. The runner's lease: its identity and a fence that every
-- write of a pass repeats; a new runner raises it.
CREATE TABLE queue (
    queue_no       INTEGER PRIMARY KEY,
    repo_path      TEXT NOT NULL,
    target         TEXT NOT NULL,
    hold_reason    TEXT NOT NULL DEFAULT '',
    hold_tree      TEXT NOT NULL DEFAULT '',
    window         INTEGER NOT NULL DEFAULT 4,
    retried_at     INTEGER NOT NULL DEFAULT 0,
    fence          INTEGER NOT NULL DEFAULT 0,
    runner_pid     INTEGER,
    runner_started INTEGER,
    runner_boot    TEXT,
    runner_until   INTEGER,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    UNIQUE (repo_path, target),
    CONSTRAINT queue_target_is_a_branch CHECK (target LIKE 'refs/heads/%'),
    CONSTRAINT queue_window_positive CHECK (window > 0)
) STRICT;

CREATE TRIGGER queue_fence_rises BEFORE UPDATE OF fence ON queue WHEN NEW.fence < OLD.fence
BEGIN SELECT RAISE(ABORT, 'queue: the fence never goes back'); END;

-- What is to land: a task's attempt, a revert of what landed, or a whole integration branch.
CREATE TABLE entry (
    entry_no        INTEGER PRIMARY KEY,
    queue_no        INTEGER NOT NULL REFERENCES queue (queue_no),
    run_id          TEXT NOT NULL,
    kind            TEXT NOT NULL DEFAULT 'task',
    task_no         INTEGER REFERENCES task (task_no),
    attempt_key     INTEGER REFERENCES attempt (attempt_key),
    reverts         INTEGER REFERENCES entry (entry_no),
    head_commit     TEXT NOT NULL,
    base_commit     TEXT NOT NULL,
    strategy        TEXT NOT NULL,
    priority        INTEGER NOT NULL,
    rank            INTEGER NOT NULL DEFAULT 0,
    status          TEXT NOT NULL DEFAULT 'queued',
    reason          TEXT NOT NULL DEFAULT '',
    changed_paths   TEXT NOT NULL DEFAULT '[]',
    facts           TEXT NOT NULL DEFAULT '{}',
    bounces         INTEGER NOT NULL DEFAULT 0,
    overtaken       INTEGER NOT NULL DEFAULT 0,
    failures        INTEGER NOT NULL DEFAULT 0,
    conflicts       INTEGER NOT NULL DEFAULT 0,
    errors          INTEGER NOT NULL DEFAULT 0,
    flakes          INTEGER NOT NULL DEFAULT 0,
    not_before_at   INTEGER NOT NULL DEFAULT 0,
    tested_tree     TEXT NOT NULL DEFAULT '',
    landed_commit   TEXT NOT NULL DEFAULT '',
    landed_on       TEXT NOT NULL DEFAULT '',
    landed_at       INTEGER,
    rolled_back_by  INTEGER REFERENCES entry (entry_no),
    risk            TEXT NOT NULL DEFAULT 'high',
    approvals       TEXT NOT NULL DEFAULT '{"needed":[],"given":[],"missing":[]}',
    position        INTEGER,
    why             TEXT NOT NULL DEFAULT '',
    released_event  INTEGER NOT NULL DEFAULT 0,
    added_by        TEXT NOT NULL,
    queued_event    INTEGER NOT NULL,
    last_event      INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    CONSTRAINT entry_kind_known CHECK (kind IN ('task', 'revert', 'integrate')),
    CONSTRAINT entry_task_has_attempt CHECK (kind <> 'task' OR (task_no IS NOT NULL AND attempt_key IS NOT NULL)),
    CONSTRAINT entry_revert_names_entry CHECK ((kind = 'revert') = (reverts IS NOT NULL)),
    CONSTRAINT entry_strategy_known CHECK (strategy IN ('merge', 'squash', 'rebase')),
    CONSTRAINT entry_priority_known CHECK (priority BETWEEN 0 AND 3),
    CONSTRAINT entry_status_known CHECK (status IN ('queued', 'building', 'testing', 'passed',
        'awaiting_approval', 'landing', 'landed', 'verified', 'conflict', 'failed', 'error', 'held',
        'quarantined', 'cancelled', 'superseded', 'landed_externally')),
    CONSTRAINT entry_landed_tree_was_tested
        CHECK (status NOT IN ('landed', 'verified') OR (tested_tree <> '' AND landed_commit <> '')),
    CONSTRAINT entry_paths_array CHECK (json_type(changed_paths) = 'array'),
    CONSTRAINT entry_facts_object CHECK (json_type(facts) = 'object'),
    CONSTRAINT entry_risk_known CHECK (risk IN ('low', 'medium', 'high')),
    CONSTRAINT entry_approvals_object CHECK (json_type(approvals) = 'object')
) STRICT;

-- At most one entry of an attempt is on its way to a target.
CREATE UNIQUE INDEX entry_open_of_attempt ON entry (queue_no, attempt_key)
    WHERE attempt_key IS NOT NULL AND status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally');
CREATE INDEX entry_open ON entry (queue_no, priority DESC, queued_event)
    WHERE status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally');
CREATE INDEX entry_of_task ON entry (task_no, entry_no) WHERE task_no IS NOT NULL;
CREATE INDEX entry_of_run ON entry (run_id, entry_no);
CREATE INDEX entry_reverting ON entry (reverts) WHERE reverts IS NOT NULL;

CREATE TRIGGER entry_transition BEFORE UPDATE OF status ON entry
WHEN OLD.status <> NEW.status AND NOT EXISTS (
    SELECT 1 FROM transition
     WHERE machine = 'entry' AND source = OLD.status AND target = NEW.status)
BEGIN SELECT RAISE(ABORT, 'entry: illegal transition'); END;

CREATE TRIGGER entry_starts_queued BEFORE INSERT ON entry WHEN NEW.status <> 'queued'
BEGIN SELECT RAISE(ABORT, 'entry: starts queued'); END;

-- What is to land is frozen: another head is another entry.
CREATE TRIGGER entry_head_frozen BEFORE UPDATE OF head_commit, attempt_key, queue_no, strategy ON entry
WHEN OLD.head_commit <> NEW.head_commit OR OLD.attempt_key IS NOT NEW.attempt_key
  OR OLD.queue_no <> NEW.queue_no OR OLD.strategy <> NEW.strategy
BEGIN SELECT RAISE(ABORT, 'entry: its head is frozen'); END;

-- One step of a chain: `entry` put on top of `onto`; a commit and its tree, or a conflict.
CREATE TABLE candidate (
    queue_no  INTEGER NOT NULL REFERENCES queue (queue_no),
    onto      TEXT NOT NULL,
    entry_no  INTEGER NOT NULL REFERENCES entry (entry_no),
    commit_id TEXT NOT NULL DEFAULT '',
    tree      TEXT NOT NULL DEFAULT '',
    files     TEXT NOT NULL DEFAULT '[]',
    notes     TEXT NOT NULL DEFAULT '',
    resolved  TEXT NOT NULL DEFAULT '[]',
    built_at  INTEGER NOT NULL,
    PRIMARY KEY (queue_no, onto, entry_no),
    CONSTRAINT candidate_commit_or_conflict CHECK ((commit_id = '') = (tree = ''))
) STRICT, WITHOUT ROWID;

-- One run of a set of checks on one tree. `running` rows of a dead runner count as interrupted.
CREATE TABLE trial (
    trial_no   INTEGER PRIMARY KEY,
    queue_no   INTEGER NOT NULL REFERENCES queue (queue_no),
    fence      INTEGER NOT NULL,
    commit_id  TEXT NOT NULL,
    tree       TEXT NOT NULL,
    checks     TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    entries    TEXT NOT NULL,
    status     TEXT NOT NULL DEFAULT 'running',
    summary    TEXT NOT NULL DEFAULT '',
    started_at INTEGER NOT NULL,
    ended_at   INTEGER,
    CONSTRAINT trial_purpose_known CHECK (purpose IN ('batch', 'bisect', 'rerun', 'base')),
    CONSTRAINT trial_status_known
        CHECK (status IN ('running', 'passed', 'failed', 'error', 'interrupted')),
    CONSTRAINT trial_ends_with_status CHECK ((status = 'running') = (ended_at IS NULL))
) STRICT;

CREATE INDEX trial_of_tree ON trial (queue_no, tree, checks, trial_no);
CREATE INDEX trial_running ON trial (queue_no) WHERE status = 'running';

CREATE TRIGGER trial_frozen BEFORE UPDATE ON trial WHEN OLD.status <> 'running'
BEGIN SELECT RAISE(ABORT, 'trial: its result is final'); END;

CREATE TABLE trial_check (
    trial_no    INTEGER NOT NULL REFERENCES trial (trial_no),
    check_name  TEXT NOT NULL,
    cache_key   TEXT,
    status      TEXT NOT NULL,
    source      TEXT NOT NULL,
    summary     TEXT NOT NULL DEFAULT '',
    output_head TEXT NOT NULL DEFAULT '',
    output_tail TEXT NOT NULL DEFAULT '',
    exit_status INTEGER,
    duration_ms INTEGER,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (trial_no, check_name),
    CONSTRAINT trial_check_status_known CHECK (status IN ('passed', 'failed', 'error')),
    CONSTRAINT trial_check_source_known CHECK (source IN ('run', 'cache'))
) STRICT, WITHOUT ROWID;

CREATE INDEX trial_check_cached ON trial_check (cache_key) WHERE cache_key IS NOT NULL;

-- A verdict on one head under one policy; append-only. A new head or policy finds none.
CREATE TABLE approval (
    approval_no   INTEGER PRIMARY KEY,
    run_id        TEXT NOT NULL,
    task_no       INTEGER REFERENCES task (task_no),
    head_commit   TEXT NOT NULL,
    policy_digest TEXT NOT NULL,
    kind          TEXT NOT NULL,
    verdict       TEXT NOT NULL,
    given_by      TEXT NOT NULL,
    note          TEXT NOT NULL DEFAULT '',
    event_id      INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    CONSTRAINT approval_kind_known CHECK (kind IN ('human', 'council', 'reviewer')),
    CONSTRAINT approval_verdict_known CHECK (verdict IN ('approve', 'reject', 'abstain'))
) STRICT;

CREATE INDEX approval_of_head ON approval (head_commit, approval_no);

CREATE TRIGGER approval_frozen BEFORE UPDATE ON approval
BEGIN SELECT RAISE(ABORT, 'approval: append-only'); END;
CREATE TRIGGER approval_kept BEFORE DELETE ON approval
BEGIN SELECT RAISE(ABORT, 'approval: append-only'); END;

-- What a landing is about to do outside the file; deleted with its confirmation.
CREATE TABLE landing_intent (
    queue_no     INTEGER PRIMARY KEY REFERENCES queue (queue_no),
    fence        INTEGER NOT NULL,
    from_commit  TEXT NOT NULL,
    to_commit    TEXT NOT NULL,
    tree         TEXT NOT NULL,
    entries      TEXT NOT NULL,
    checkouts    TEXT NOT NULL DEFAULT '[]',
    created_at   INTEGER NOT NULL,
    CONSTRAINT landing_intent_entries_array CHECK (json_type(entries) = 'array')
) STRICT;

-- The landed tree is the tested tree (I18): a passed trial of exactly this tree must be there.
CREATE TRIGGER landing_intent_was_tested BEFORE INSERT ON landing_intent
WHEN NOT EXISTS (SELECT 1 FROM trial WHERE queue_no = NEW.queue_no AND tree = NEW.tree AND status = 'passed')
BEGIN SELECT RAISE(ABORT, 'landing_intent: its tree was never tested'); END;

-- The planner's inputs and decisions, pass by pass; append-only, so that they can be replayed.
CREATE TABLE queue_pass (
    pass_no    INTEGER PRIMARY KEY,
    queue_no   INTEGER NOT NULL REFERENCES queue (queue_no),
    fence      INTEGER NOT NULL,
    planner    TEXT NOT NULL,
    snapshot   TEXT NOT NULL,
    decisions  TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT queue_pass_snapshot_json CHECK (json_valid(snapshot)),
    CONSTRAINT queue_pass_decisions_json CHECK (json_valid(decisions))
) STRICT;

CREATE INDEX queue_pass_of_queue ON queue_pass (queue_no, pass_no);

CREATE TRIGGER queue_pass_frozen BEFORE UPDATE ON queue_pass
BEGIN SELECT RAISE(ABORT, 'queue_pass: append-only'); END;
CREATE TRIGGER queue_pass_kept BEFORE DELETE ON queue_pass
BEGIN SELECT RAISE(ABORT, 'queue_pass: append-only'); END;

-- The published shape of an entry; `approvals`, `position` and `why` are as its last pass saw them.
CREATE VIEW entry_view AS
SELECT e.entry_no, json_object(
    'entry_id', 'ent_' || e.entry_no,
    'run_id', e.run_id,
    'task_id', t.task_id,
    'attempt_no', a.attempt_no,
    'kind', e.kind,
    'status', e.status,
    'reason', nullif(e.reason, ''),
    'target', substr(q.target, 12),
    'repo_path', q.repo_path,
    'strategy', e.strategy,
    'priority', CASE e.priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' WHEN 2 THEN 'high'
                     ELSE 'rollback' END,
    'head_commit', e.head_commit,
    'base_commit', e.base_commit,
    'changed_paths', json(e.changed_paths),
    'risk', e.risk,
    'approvals', json(e.approvals),
    'bounces', e.bounces,
    'overtaken', e.overtaken,
    'failures', e.failures,
    'conflicts', e.conflicts,
    'errors', e.errors,
    'flakes', e.flakes,
    'not_before', CASE WHEN e.not_before_at > 0
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', e.not_before_at / 1000.0, 'unixepoch') END,
    'tested_tree', nullif(e.tested_tree, ''),
    'landed_commit', nullif(e.landed_commit, ''),
    'landed_on', nullif(substr(e.landed_on, 12), ''),
    'landed_at', CASE WHEN e.landed_at IS NOT NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', e.landed_at / 1000.0, 'unixepoch') END,
    'position', e.position,
    'waits_for', nullif(e.why, ''),
    'reverts', CASE WHEN e.reverts IS NOT NULL THEN 'ent_' || e.reverts END,
    'rolled_back_by', CASE WHEN e.rolled_back_by IS NOT NULL THEN 'ent_' || e.rolled_back_by END,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', e.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', e.updated_at / 1000.0, 'unixepoch')
) AS document
  FROM entry AS e
  JOIN queue AS q ON q.queue_no = e.queue_no
  LEFT JOIN task AS t ON t.task_no = e.task_no
  LEFT JOIN attempt AS a ON a.attempt_key = e.attempt_key;

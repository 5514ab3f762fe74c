-- A forge: work whose trial passed waits there as a pull request (`awaiting_forge`).

INSERT INTO transition (machine, source, target) VALUES
    ('entry', 'passed', 'awaiting_forge'),
    ('entry', 'awaiting_forge', 'queued'),
    ('entry', 'awaiting_forge', 'failed'),
    ('entry', 'awaiting_forge', 'error'),
    ('entry', 'awaiting_forge', 'held'),
    ('entry', 'awaiting_forge', 'cancelled'),
    ('entry', 'awaiting_forge', 'superseded'),
    ('entry', 'awaiting_forge', 'landed_externally');

-- A CHECK cannot be changed: the table is made anew under its name, its rows kept aside meanwhile.
-- What refers to it holds again once they are back (foreign keys are asked at COMMIT).
PRAGMA defer_foreign_keys = ON;
CREATE TEMP TABLE entry_aside AS SELECT * FROM entry;
DROP TABLE entry;

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
        'awaiting_approval', 'awaiting_forge', 'landing', 'landed', 'verified', 'conflict', 'failed',
        'error', 'held', 'quarantined', 'cancelled', 'superseded', 'landed_externally')),
    CONSTRAINT entry_landed_tree_was_tested
        CHECK (status NOT IN ('landed', 'verified') OR (tested_tree <> '' AND landed_commit <> '')),
    CONSTRAINT entry_paths_array CHECK (json_type(changed_paths) = 'array'),
    CONSTRAINT entry_facts_object CHECK (json_type(facts) = 'object'),
    CONSTRAINT entry_risk_known CHECK (risk IN ('low', 'medium', 'high')),
    CONSTRAINT entry_approvals_object CHECK (json_type(approvals) = 'object')
) STRICT;

INSERT INTO entry SELECT * FROM entry_aside;
DROP TABLE entry_aside;

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

-- The pull request of an entry: what we pushed, and what the forge said last. `number` is NULL until
-- it was opened; `failure` is what its checks printed when they failed; `due_at` the next look.
CREATE TABLE pull_request (
    entry_no   INTEGER PRIMARY KEY REFERENCES entry (entry_no),
    branch     TEXT NOT NULL,
    commit_id  TEXT NOT NULL,
    pushed     TEXT NOT NULL DEFAULT '',
    number     INTEGER,
    url        TEXT NOT NULL DEFAULT '',
    state      TEXT NOT NULL DEFAULT 'opening',
    summary    TEXT NOT NULL DEFAULT '',
    failure    TEXT NOT NULL DEFAULT '',
    etag       TEXT NOT NULL DEFAULT '',
    errors     INTEGER NOT NULL DEFAULT 0,
    due_at     INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    CONSTRAINT pull_request_state_known CHECK (state IN ('opening', 'open', 'merged', 'closed'))
) STRICT;

-- The durable bus: threads, messages, leases, cursors, artifacts, and the one event log.
-- Times are integer ms UTC (*_at) or durations (*_ms). Message ids are event ids (I8).

CREATE TABLE store (
    only_row   INTEGER PRIMARY KEY CHECK (only_row = 1),
    store_id   TEXT NOT NULL,
    secret     BLOB NOT NULL CHECK (length(secret) = 32),
    created_at INTEGER NOT NULL
) STRICT;

-- The rules of every Machine: what the triggers below allow (tests/house/test_machines.py).
CREATE TABLE transition (
    machine TEXT NOT NULL,
    source  TEXT NOT NULL,
    target  TEXT NOT NULL,
    PRIMARY KEY (machine, source, target)
) STRICT, WITHOUT ROWID;

INSERT INTO transition (machine, source, target) VALUES
    ('thread', 'pending', 'claimed'),
    ('thread', 'pending', 'cancelled'),
    ('thread', 'claimed', 'in_progress'),
    ('thread', 'claimed', 'blocked'),
    ('thread', 'claimed', 'pending'),
    ('thread', 'claimed', 'done'),
    ('thread', 'claimed', 'failed'),
    ('thread', 'claimed', 'cancelled'),
    ('thread', 'in_progress', 'claimed'),
    ('thread', 'in_progress', 'blocked'),
    ('thread', 'in_progress', 'pending'),
    ('thread', 'in_progress', 'done'),
    ('thread', 'in_progress', 'failed'),
    ('thread', 'in_progress', 'cancelled'),
    ('thread', 'blocked', 'claimed'),
    ('thread', 'blocked', 'in_progress'),
    ('thread', 'blocked', 'pending'),
    ('thread', 'blocked', 'done'),
    ('thread', 'blocked', 'failed'),
    ('thread', 'blocked', 'cancelled');

CREATE TABLE thread (
    thread_no     INTEGER PRIMARY KEY,
    thread_id     TEXT NOT NULL UNIQUE,
    run_id        TEXT,
    task_id       TEXT,
    owned_by_run  INTEGER NOT NULL DEFAULT 0 CHECK (owned_by_run IN (0, 1)),
    subject       TEXT NOT NULL,
    summary       TEXT NOT NULL,
    status        TEXT NOT NULL,
    priority      INTEGER NOT NULL,
    created_by    TEXT NOT NULL,
    addressed_to  TEXT NOT NULL,
    assigned_to   TEXT NOT NULL,
    epoch         INTEGER NOT NULL DEFAULT 0,
    lost_leases   INTEGER NOT NULL DEFAULT 0,
    max_claims    INTEGER NOT NULL DEFAULT 5,
    not_before_at INTEGER NOT NULL DEFAULT 0,
    expects       TEXT,
    reason        TEXT NOT NULL DEFAULT '',
    last_event    INTEGER NOT NULL DEFAULT 0,
    last_message  INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CONSTRAINT thread_status_known CHECK (status IN
        ('pending', 'claimed', 'in_progress', 'blocked', 'done', 'failed', 'cancelled')),
    CONSTRAINT thread_priority_known CHECK (priority IN (0, 1, 2)),
    CONSTRAINT thread_worked_on_was_claimed CHECK (epoch > 0 OR status IN ('pending', 'cancelled')),
    CONSTRAINT thread_pending_waits_for_addressee
        CHECK (status <> 'pending' OR assigned_to = addressed_to),
    CONSTRAINT thread_expects_json CHECK (expects IS NULL OR json_valid(expects))
) STRICT;

-- claim --next: the highest priority, then the oldest, of one addressee.
CREATE INDEX thread_claimable ON thread (assigned_to, priority DESC, thread_no)
    WHERE status = 'pending';
-- claim --next: lapsed leases are looked for among the threads being worked on only.
CREATE INDEX thread_in_flight ON thread (addressed_to)
    WHERE status IN ('claimed', 'in_progress', 'blocked');
CREATE INDEX thread_of_assignee ON thread (assigned_to, status, last_event);
CREATE INDEX thread_of_creator ON thread (created_by, thread_no);
CREATE INDEX thread_of_run ON thread (run_id, thread_no) WHERE run_id IS NOT NULL;
CREATE INDEX thread_of_status ON thread (status, thread_no);

CREATE TRIGGER thread_transition BEFORE UPDATE OF status ON thread
WHEN OLD.status <> NEW.status AND NOT EXISTS (
    SELECT 1 FROM transition
     WHERE machine = 'thread' AND source = OLD.status AND target = NEW.status)
BEGIN SELECT RAISE(ABORT, 'thread: illegal transition'); END;

CREATE TRIGGER thread_starts_pending BEFORE INSERT ON thread WHEN NEW.status <> 'pending'
BEGIN SELECT RAISE(ABORT, 'thread: starts pending'); END;

CREATE TRIGGER thread_epoch_steps BEFORE UPDATE OF epoch ON thread
WHEN NEW.epoch NOT IN (OLD.epoch, OLD.epoch + 1)
BEGIN SELECT RAISE(ABORT, 'thread: epoch must rise by one'); END;

CREATE TRIGGER thread_stays BEFORE DELETE ON thread
BEGIN SELECT RAISE(ABORT, 'thread: never deleted'); END;

-- The one order of everything. `status` and `assigned_to` are the thread's after the event,
-- so that a wait can filter history and fold(events) can be compared with the tables (I9).
CREATE TABLE event (
    event_id    INTEGER PRIMARY KEY AUTOINCREMENT,
    event_type  TEXT NOT NULL,
    actor       TEXT NOT NULL,
    thread_no   INTEGER REFERENCES thread (thread_no) DEFERRABLE INITIALLY DEFERRED,
    run_id      TEXT,
    task_id     TEXT,
    status      TEXT,
    assigned_to TEXT,
    summary     TEXT,
    payload     TEXT NOT NULL DEFAULT '{}',
    tx_id       INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    CONSTRAINT event_payload_json CHECK (json_valid(payload))
) STRICT;

CREATE INDEX event_of_thread ON event (thread_no, event_id) WHERE thread_no IS NOT NULL;
CREATE INDEX event_of_run ON event (run_id, event_id) WHERE run_id IS NOT NULL;

CREATE TRIGGER event_gapless AFTER INSERT ON event
WHEN NEW.event_id > 1 AND NOT EXISTS (SELECT 1 FROM event WHERE event_id = NEW.event_id - 1)
BEGIN SELECT RAISE(ABORT, 'event: ids have no gaps'); END;

CREATE TRIGGER event_frozen BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'event: append-only'); END;

CREATE TRIGGER event_stays BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'event: append-only'); END;

-- One claim of a thread; the newest epoch without `ended_at` is the active lease.
CREATE TABLE lease (
    thread_no     INTEGER NOT NULL REFERENCES thread (thread_no),
    epoch         INTEGER NOT NULL,
    holder        TEXT NOT NULL,
    ttl_ms        INTEGER NOT NULL CHECK (ttl_ms BETWEEN 1 AND 86400000),
    clock_domain  TEXT NOT NULL,
    boot_deadline INTEGER NOT NULL,
    wall_deadline INTEGER NOT NULL,
    claim_event   INTEGER NOT NULL REFERENCES event (event_id),
    claimed_at    INTEGER NOT NULL,
    ended_at      INTEGER,
    ended_by      TEXT,
    PRIMARY KEY (thread_no, epoch),
    CONSTRAINT lease_end_known CHECK (
        (ended_at IS NULL AND ended_by IS NULL) OR ended_by IN
        ('release', 'done', 'fail', 'cancel', 'claim', 'abandon'))
) STRICT, WITHOUT ROWID;

-- At most one active lease per thread, whatever the code above it does (I3).
CREATE UNIQUE INDEX lease_active ON lease (thread_no) WHERE ended_at IS NULL;

CREATE TRIGGER lease_stays_ended BEFORE UPDATE ON lease WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'lease: an ended lease is history'); END;

CREATE TRIGGER lease_stays BEFORE DELETE ON lease
BEGIN SELECT RAISE(ABORT, 'lease: never deleted'); END;

CREATE TABLE message (
    event_id   INTEGER PRIMARY KEY REFERENCES event (event_id),
    thread_no  INTEGER NOT NULL REFERENCES thread (thread_no),
    kind       TEXT NOT NULL,
    from_agent TEXT NOT NULL,
    to_agent   TEXT NOT NULL,
    summary    TEXT NOT NULL,
    body       TEXT NOT NULL,
    payload    TEXT NOT NULL DEFAULT '{}',
    reply_to   INTEGER REFERENCES message (event_id),
    created_at INTEGER NOT NULL,
    CONSTRAINT message_kind_known CHECK (kind IN
        ('task', 'progress', 'question', 'answer', 'result', 'control', 'event')),
    CONSTRAINT message_payload_object CHECK (json_type(payload) = 'object')
) STRICT;

CREATE INDEX message_of_thread ON message (thread_no, event_id);

CREATE TRIGGER message_frozen BEFORE UPDATE ON message
BEGIN SELECT RAISE(ABORT, 'message: append-only'); END;

CREATE TRIGGER message_stays BEFORE DELETE ON message
BEGIN SELECT RAISE(ABORT, 'message: append-only'); END;

CREATE TABLE artifact (
    artifact_no INTEGER PRIMARY KEY,
    event_id    INTEGER NOT NULL REFERENCES message (event_id),
    ordinal     INTEGER NOT NULL,
    path        TEXT NOT NULL,
    kind        TEXT NOT NULL,
    metadata    TEXT NOT NULL DEFAULT '{}',
    size        INTEGER,
    sha256      TEXT,
    copied      INTEGER NOT NULL DEFAULT 0 CHECK (copied IN (0, 1)),
    UNIQUE (event_id, ordinal),
    CONSTRAINT artifact_metadata_object CHECK (json_type(metadata) = 'object'),
    CONSTRAINT artifact_copied_is_hashed CHECK (copied = 0 OR sha256 IS NOT NULL)
) STRICT;

CREATE TRIGGER artifact_frozen BEFORE UPDATE ON artifact
BEGIN SELECT RAISE(ABORT, 'artifact: append-only'); END;

CREATE TRIGGER artifact_stays BEFORE DELETE ON artifact
BEGIN SELECT RAISE(ABORT, 'artifact: append-only'); END;

-- How far an agent has read a thread; outside fold(events) by design.
CREATE TABLE cursor (
    agent     TEXT NOT NULL,
    thread_no INTEGER NOT NULL REFERENCES thread (thread_no),
    last_read INTEGER NOT NULL,
    moved_at  INTEGER NOT NULL,
    PRIMARY KEY (agent, thread_no)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER cursor_never_back BEFORE UPDATE ON cursor WHEN NEW.last_read < OLD.last_read
BEGIN SELECT RAISE(ABORT, 'cursor: never goes back'); END;

-- Names seen, so that one that differs only in case earns a warning.
CREATE TABLE agent (
    name     TEXT PRIMARY KEY,
    folded   TEXT NOT NULL,
    first_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX agent_folded ON agent (folded);

-- The stored answer of a keyed mutation, written in the mutation's own transaction.
CREATE TABLE idempotency_key (
    actor      TEXT NOT NULL,
    verb       TEXT NOT NULL,
    key        TEXT NOT NULL,
    arguments  TEXT NOT NULL,
    answer     TEXT NOT NULL CHECK (json_valid(answer)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (actor, verb, key)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER idempotency_key_frozen BEFORE UPDATE ON idempotency_key
BEGIN SELECT RAISE(ABORT, 'idempotency_key: append-only'); END;

-- Full text, filled by `search` itself up to `indexed_through`: no cost on hot commands.
CREATE VIRTUAL TABLE message_text USING fts5 (subject, summary, body, content='', tokenize='unicode61');

CREATE TABLE message_text_state (
    only_row        INTEGER PRIMARY KEY CHECK (only_row = 1),
    indexed_through INTEGER NOT NULL
) STRICT;

INSERT INTO message_text_state (only_row, indexed_through) VALUES (1, 0);

-- The published JSON shapes: one definition each, tested by tests/contract/test_shapes.py.
CREATE VIEW thread_view AS
SELECT thread_no, json_object(
    'thread_id', thread_id,
    'run_id', run_id,
    'task_id', task_id,
    'subject', subject,
    'summary', summary,
    'status', status,
    'priority', CASE priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END,
    'created_by', created_by,
    'addressed_to', addressed_to,
    'assigned_to', assigned_to,
    'epoch', epoch,
    'lost_leases', lost_leases,
    'max_claims', max_claims,
    'not_before', CASE WHEN not_before_at > 0
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', not_before_at / 1000.0, 'unixepoch') END,
    'expects', json(expects),
    'reason', nullif(reason, ''),
    'last_event_id', last_event,
    'last_message_id', CASE WHEN last_message > 0 THEN 'msg_' || last_message END,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch')
) AS document FROM thread;

CREATE VIEW artifact_view AS
SELECT artifact_no, event_id, ordinal, json_object(
    'artifact_id', 'art_' || artifact_no,
    'path', path,
    'kind', kind,
    'metadata_json', json(metadata),
    'size', size,
    'sha256', sha256,
    'copied', json(CASE copied WHEN 1 THEN 'true' ELSE 'false' END)
) AS document FROM artifact;

CREATE VIEW message_view AS
SELECT m.event_id, m.thread_no, json_object(
    'message_id', 'msg_' || m.event_id,
    'event_id', m.event_id,
    'thread_id', t.thread_id,
    'kind', m.kind,
    'from_agent', m.from_agent,
    'to_agent', m.to_agent,
    'summary', m.summary,
    'body', m.body,
    'payload_json', json(m.payload),
    'reply_to', 'msg_' || m.reply_to,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', m.created_at / 1000.0, 'unixepoch'),
    'artifacts', json((SELECT json_group_array(json(a.document)) FROM (
        SELECT document FROM artifact_view WHERE event_id = m.event_id ORDER BY ordinal) AS a))
) AS document
FROM message AS m JOIN thread AS t USING (thread_no);

CREATE VIEW event_view AS
SELECT e.event_id, json_object(
    'event_id', e.event_id,
    'event_type', e.event_type,
    'actor', e.actor,
    'run_id', e.run_id,
    'task_id', e.task_id,
    'thread_id', t.thread_id,
    'status', e.status,
    'assigned_to', e.assigned_to,
    'summary', coalesce(e.summary, m.summary, ''),
    'message_id', 'msg_' || m.event_id,
    'payload', json(e.payload),
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', e.created_at / 1000.0, 'unixepoch')
) AS document
FROM event AS e
LEFT JOIN thread AS t ON t.thread_no = e.thread_no
LEFT JOIN message AS m ON m.event_id = e.event_id;

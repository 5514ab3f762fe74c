-- Requests of people, the plans that came of them, and what a run may spend.

INSERT INTO transition (machine, source, target) VALUES
    ('request', 'new', 'planning'),
    ('request', 'planning', 'asked'),
    ('request', 'asked', 'planning'),
    ('request', 'planning', 'planned'),
    ('request', 'asked', 'planned'),
    ('request', 'planning', 'refused'),
    ('request', 'asked', 'refused'),
    ('request', 'planning', 'failed'),
    ('request', 'asked', 'failed'),
    ('request', 'planned', 'planning'),
    ('request', 'refused', 'planning'),
    ('request', 'failed', 'planning'),
    ('request', 'new', 'applied'),
    ('request', 'planned', 'applied'),
    ('request', 'refused', 'applied'),
    ('request', 'failed', 'applied');

CREATE TABLE request (
    request_no    INTEGER PRIMARY KEY,
    request_id    TEXT NOT NULL UNIQUE,
    title         TEXT NOT NULL,
    body          TEXT NOT NULL,
    requester     TEXT NOT NULL,
    priority      INTEGER NOT NULL,
    run_id        TEXT REFERENCES run (run_id),
    task_no       INTEGER REFERENCES task (task_no),
    status        TEXT NOT NULL,
    reason        TEXT NOT NULL DEFAULT '',
    created_event INTEGER NOT NULL,
    applied_event INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    CONSTRAINT request_status_known CHECK (status IN ('new', 'planning', 'asked', 'planned',
        'refused', 'failed', 'applied')),
    CONSTRAINT request_priority_known CHECK (priority IN (0, 1, 2)),
    CONSTRAINT request_is_planned_by_a_task CHECK (status IN ('new', 'applied')
        OR (task_no IS NOT NULL AND run_id IS NOT NULL))
) STRICT;

-- reconcile: is anybody planning in this run?
CREATE INDEX request_in_planning ON request (run_id)
    WHERE status IN ('planning', 'asked', 'refused', 'failed');

CREATE TRIGGER request_transition BEFORE UPDATE OF status ON request
WHEN OLD.status <> NEW.status AND NOT EXISTS (
    SELECT 1 FROM transition
     WHERE machine = 'request' AND source = OLD.status AND target = NEW.status)
BEGIN SELECT RAISE(ABORT, 'request: illegal transition'); END;

-- Every answer of an engineer, as it was given; without problems it is a plan.
CREATE TABLE request_plan (
    plan_key    INTEGER PRIMARY KEY,
    request_no  INTEGER NOT NULL REFERENCES request (request_no),
    attempt_key INTEGER NOT NULL UNIQUE REFERENCES attempt (attempt_key),
    format      TEXT NOT NULL,
    text        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    problems    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    CONSTRAINT request_plan_format_known CHECK (format IN ('yaml', 'json')),
    CONSTRAINT request_plan_problems_list CHECK (json_type(problems) = 'array')
) STRICT;

CREATE INDEX request_plan_of_request ON request_plan (request_no, plan_key);

CREATE TRIGGER request_plan_frozen BEFORE UPDATE ON request_plan
BEGIN SELECT RAISE(ABORT, 'request_plan: append-only'); END;

ALTER TABLE task ADD COLUMN request_id TEXT;
CREATE INDEX task_of_request ON task (request_id) WHERE request_id IS NOT NULL;

CREATE VIEW request_view AS
SELECT q.request_no, q.request_id, json_object(
    'request_id', q.request_id,
    'title', q.title,
    'body', q.body,
    'status', q.status,
    'priority', CASE q.priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END,
    'requester', q.requester,
    'run_id', q.run_id,
    'task_id', t.task_id,
    'reason', nullif(q.reason, ''),
    'plans', (SELECT count(*) FROM request_plan AS p WHERE p.request_no = q.request_no),
    'tasks', (SELECT count(*) FROM task AS w
               WHERE w.request_id = q.request_id AND w.metadata ->> '$.plans_request' IS NULL),
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', q.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', q.updated_at / 1000.0, 'unixepoch')
) AS document
  FROM request AS q LEFT JOIN task AS t ON t.task_no = q.task_no;

-- What a run may spend; no row, or NULL in it, is no limit.
CREATE TABLE run_budget (
    run_id        TEXT PRIMARY KEY REFERENCES run (run_id),
    cost_microusd INTEGER,
    tokens        INTEGER,
    turns         INTEGER,
    attempts      INTEGER,
    seconds       INTEGER,
    updated_at    INTEGER NOT NULL,
    CONSTRAINT run_budget_not_negative CHECK (min(
        coalesce(cost_microusd, 0), coalesce(tokens, 0), coalesce(turns, 0),
        coalesce(attempts, 0), coalesce(seconds, 0)) >= 0)
) STRICT, WITHOUT ROWID;

-- Turns count once they have ended, attempts from their dispatch on.
CREATE VIEW run_spending AS
SELECT b.run_id, b.cost_microusd, b.tokens, b.turns, b.attempts, b.seconds,
       (SELECT coalesce(sum(n.cost_microusd), 0) FROM turn AS n WHERE n.run_id = b.run_id)
           AS spent_microusd,
       (SELECT coalesce(sum(coalesce(n.input_tokens, 0) + coalesce(n.output_tokens, 0)), 0)
          FROM turn AS n WHERE n.run_id = b.run_id) AS spent_tokens,
       (SELECT count(*) FROM turn AS n WHERE n.run_id = b.run_id) AS spent_turns,
       (SELECT count(*) FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
         WHERE t.run_id = b.run_id)
       + (SELECT count(*) FROM dispatch_intent AS i WHERE i.run_id = b.run_id) AS spent_attempts,
       (SELECT coalesce(sum(n.ended_at - n.started_at), 0) / 1000 FROM turn AS n
         WHERE n.run_id = b.run_id AND n.ended_at IS NOT NULL) AS spent_seconds
  FROM run_budget AS b;

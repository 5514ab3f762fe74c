-- Turns: each start of an agent's program for a thread, by whom, as which process, with what end.

CREATE TABLE turn (
    turn_key       INTEGER PRIMARY KEY,
    thread_no      INTEGER NOT NULL REFERENCES thread (thread_no),
    turn_no        INTEGER NOT NULL CHECK (turn_no > 0),
    run_id         TEXT,
    epoch          INTEGER NOT NULL,
    agent          TEXT NOT NULL,
    harness        TEXT NOT NULL,
    mark           TEXT NOT NULL UNIQUE,
    session        TEXT NOT NULL DEFAULT '',
    told_through   INTEGER NOT NULL,
    log_path       TEXT NOT NULL,
    runner_pid     INTEGER NOT NULL,
    runner_started INTEGER NOT NULL,
    runner_boot    TEXT NOT NULL,
    pid            INTEGER,
    pid_started    INTEGER,
    pid_boot       TEXT,
    stop_reason    TEXT,
    outcome        TEXT,
    reason         TEXT NOT NULL DEFAULT '',
    reported       TEXT NOT NULL DEFAULT '',
    final_event    TEXT NOT NULL DEFAULT '',
    exit_status    INTEGER,
    commits        INTEGER,
    uncommitted    INTEGER,
    salvage_ref    TEXT NOT NULL DEFAULT '',
    strays         INTEGER NOT NULL DEFAULT 0,
    input_tokens   INTEGER,
    output_tokens  INTEGER,
    cost_microusd  INTEGER,
    started_at     INTEGER NOT NULL,
    ended_at       INTEGER,
    UNIQUE (thread_no, turn_no),
    CONSTRAINT turn_outcome_known CHECK (outcome IN ('done', 'failed', 'no_change', 'limited',
        'crashed', 'timeout', 'interrupted', 'waiting')),
    CONSTRAINT turn_reported_known CHECK (reported IN ('', 'done', 'fail')),
    CONSTRAINT turn_final_known CHECK (final_event IN ('', 'ok', 'failed')),
    CONSTRAINT turn_ends_with_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL))
) STRICT;

-- A thread has at most one running turn (I17); also: which are running at all.
CREATE UNIQUE INDEX turn_open ON turn (thread_no) WHERE ended_at IS NULL;
CREATE INDEX turn_open_of_run ON turn (run_id, turn_key) WHERE ended_at IS NULL;
CREATE INDEX turn_of_run ON turn (run_id, turn_key) WHERE run_id IS NOT NULL;

CREATE VIEW turn_view AS
SELECT n.turn_key, n.thread_no, n.turn_no, n.run_id, json_object(
    'run_id', n.run_id,
    'task_id', t.task_id,
    'attempt_no', a.attempt_no,
    'thread_id', h.thread_id,
    'turn_no', n.turn_no,
    'agent', n.agent,
    'harness', n.harness,
    'outcome', n.outcome,
    'reason', n.reason,
    'reported', nullif(n.reported, ''),
    'final_event', nullif(n.final_event, ''),
    'exit_status', n.exit_status,
    'commits', n.commits,
    'uncommitted_files', n.uncommitted,
    'salvage_ref', nullif(n.salvage_ref, ''),
    'strays', n.strays,
    'session', nullif(n.session, ''),
    'pid', n.pid,
    'input_tokens', n.input_tokens,
    'output_tokens', n.output_tokens,
    'cost_usd', n.cost_microusd / 1e6,
    'seconds', CASE WHEN n.ended_at IS NOT NULL THEN (n.ended_at - n.started_at) / 1000.0 END,
    'log_path', n.log_path,
    'started_at', strftime('%Y-%m-%dT%H:%M:%fZ', n.started_at / 1000.0, 'unixepoch'),
    'ended_at', CASE WHEN n.ended_at IS NOT NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', n.ended_at / 1000.0, 'unixepoch') END
) AS document
  FROM turn AS n
  JOIN thread AS h ON h.thread_no = n.thread_no
  LEFT JOIN attempt AS a ON a.thread_no = n.thread_no
  LEFT JOIN task AS t ON t.task_no = a.task_no;

-- Round two of a council: its votes are tasks of their own, on sheets frozen when they are asked.
-- A group that a council's leader declined, with the reason; a later council may leave it out.

ALTER TABLE council ADD COLUMN rounds INTEGER NOT NULL DEFAULT 1 CHECK (rounds IN (1, 2));
ALTER TABLE council ADD COLUMN since TEXT REFERENCES council (run_id);

-- The row comes with its task: who votes, and which finding each id of its sheet is.
CREATE TABLE council_cross (
    run_id     TEXT NOT NULL,
    seat       INTEGER NOT NULL,
    task_no    INTEGER NOT NULL UNIQUE REFERENCES task (task_no),
    sheet      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, seat),
    FOREIGN KEY (run_id, seat) REFERENCES council_reviewer (run_id, seat),
    CONSTRAINT council_cross_sheet CHECK (json_type(sheet) = 'array')
) STRICT, WITHOUT ROWID;

CREATE TRIGGER council_cross_frozen BEFORE UPDATE ON council_cross
BEGIN SELECT RAISE(ABORT, 'council_cross: what was shown is history'); END;

CREATE TRIGGER council_cross_stays BEFORE DELETE ON council_cross
BEGIN SELECT RAISE(ABORT, 'council_cross: never deleted'); END;

CREATE TABLE council_decline (
    run_id     TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    group_id   TEXT NOT NULL,
    reason     TEXT NOT NULL CHECK (trim(reason) <> ''),
    declined_by TEXT NOT NULL,
    event_id   INTEGER NOT NULL REFERENCES event (event_id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, group_id),
    FOREIGN KEY (run_id, revision) REFERENCES council_tally (run_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER council_decline_frozen BEFORE UPDATE ON council_decline
BEGIN SELECT RAISE(ABORT, 'council_decline: a word that was given is history'); END;

CREATE TRIGGER council_decline_stays BEFORE DELETE ON council_decline
BEGIN SELECT RAISE(ABORT, 'council_decline: never deleted'); END;

CREATE VIEW council_voter_view AS
SELECT x.run_id, x.seat, r.reviewer_role, t.status, json_object(
    'reviewer_role', r.reviewer_role,
    'task_id', t.task_id,
    'thread_id', h.thread_id,
    'assigned_to', a.assigned_to,
    'attempt_no', a.attempt_no,
    'status', t.status
) AS document
  FROM council_cross AS x
  JOIN council_reviewer AS r ON r.run_id = x.run_id AND r.seat = x.seat
  JOIN task AS t ON t.task_no = x.task_no
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  JOIN thread AS h ON h.thread_no = a.thread_no;

DROP VIEW council_view;
CREATE VIEW council_view AS
SELECT c.run_id, json_object(
    'run_id', c.run_id,
    'mode', c.mode,
    'target_type', c.target_type,
    'output', c.output,
    'only_unanimous', json(CASE c.only_unanimous WHEN 1 THEN 'true' ELSE 'false' END),
    'quorum', c.quorum,
    'rounds', c.rounds,
    'since', c.since,
    'deadline_at', CASE WHEN c.deadline_at IS NOT NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', c.deadline_at / 1000.0, 'unixepoch') END,
    'repo_path', nullif(c.repo_path, ''),
    'base_commit', nullif(c.base_commit, ''),
    'head_commit', nullif(c.head_commit, ''),
    'reviewed_task', c.reviewed_task,
    'reviewed_attempt_no', c.reviewed_attempt_no,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', c.created_at / 1000.0, 'unixepoch'),
    'reviewers', json((SELECT json_group_array(json(v.document)) FROM (
        SELECT document FROM council_reviewer_view WHERE run_id = c.run_id ORDER BY seat) AS v)),
    'voters', json((SELECT json_group_array(json(v.document)) FROM (
        SELECT document FROM council_voter_view WHERE run_id = c.run_id ORDER BY seat) AS v))
) AS document FROM council AS c;

-- Councils: three reviewers of one target, every tally of their answers, every report of a tally.
-- The answers themselves are messages on the reviewers' threads; nothing of them is copied.

CREATE TABLE council (
    run_id          TEXT PRIMARY KEY REFERENCES run (run_id),
    mode            TEXT NOT NULL,
    target_type     TEXT NOT NULL,
    target          TEXT NOT NULL,
    repo_path       TEXT NOT NULL DEFAULT '',
    base_commit     TEXT NOT NULL DEFAULT '',
    head_commit     TEXT NOT NULL DEFAULT '',
    reviewed_task   TEXT,
    reviewed_attempt_no INTEGER,
    diff_sha256     TEXT,
    shown_lines     TEXT,
    output          TEXT NOT NULL,
    only_unanimous  INTEGER NOT NULL,
    quorum          INTEGER NOT NULL,
    deadline_at     INTEGER,
    created_at      INTEGER NOT NULL,
    CONSTRAINT council_mode_known CHECK (mode IN ('brainstorm', 'code-review', 'plan-review')),
    CONSTRAINT council_target_type_known CHECK (target_type IN ('text', 'repo', 'mixed', 'task')),
    CONSTRAINT council_output_known CHECK (output IN ('markdown', 'json', 'both')),
    CONSTRAINT council_only_unanimous_flag CHECK (only_unanimous IN (0, 1)),
    CONSTRAINT council_quorum_of_three CHECK (quorum BETWEEN 1 AND 3),
    CONSTRAINT council_shown_lines_json CHECK (shown_lines IS NULL OR json_valid(shown_lines))
) STRICT;

CREATE TRIGGER council_frozen BEFORE UPDATE ON council
BEGIN SELECT RAISE(ABORT, 'council: what was asked is history'); END;

CREATE TRIGGER council_stays BEFORE DELETE ON council
BEGIN SELECT RAISE(ABORT, 'council: never deleted'); END;

-- The roster, written before anybody is asked: one task for each role, and no fourth.
CREATE TABLE council_reviewer (
    run_id        TEXT NOT NULL REFERENCES council (run_id),
    seat          INTEGER NOT NULL CHECK (seat BETWEEN 1 AND 3),
    reviewer_role TEXT NOT NULL,
    task_no       INTEGER NOT NULL UNIQUE REFERENCES task (task_no),
    PRIMARY KEY (run_id, seat),
    UNIQUE (run_id, reviewer_role),
    CONSTRAINT council_reviewer_role_known CHECK (reviewer_role IN
        ('architecture-reviewer', 'implementation-reviewer', 'risk-reviewer'))
) STRICT, WITHOUT ROWID;

CREATE TRIGGER council_reviewer_frozen BEFORE UPDATE ON council_reviewer
BEGIN SELECT RAISE(ABORT, 'council_reviewer: the roster is history'); END;

CREATE TRIGGER council_reviewer_stays BEFORE DELETE ON council_reviewer
BEGIN SELECT RAISE(ABORT, 'council_reviewer: never deleted'); END;

-- One row per revision; `fingerprint` tells whether a re-tally would add anything.
CREATE TABLE council_tally (
    run_id      TEXT NOT NULL REFERENCES council (run_id),
    revision    INTEGER NOT NULL,
    fingerprint TEXT NOT NULL,
    document    TEXT NOT NULL,
    event_id    INTEGER NOT NULL REFERENCES event (event_id),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (run_id, revision),
    CONSTRAINT council_tally_document CHECK (json_type(document) = 'object')
) STRICT, WITHOUT ROWID;

CREATE TRIGGER council_tally_steps BEFORE INSERT ON council_tally
WHEN NEW.revision <> 1 + coalesce(
    (SELECT max(revision) FROM council_tally WHERE run_id = NEW.run_id), 0)
BEGIN SELECT RAISE(ABORT, 'council_tally: revisions rise by one'); END;

CREATE TRIGGER council_tally_frozen BEFORE UPDATE ON council_tally
BEGIN SELECT RAISE(ABORT, 'council_tally: append-only'); END;

CREATE TRIGGER council_tally_stays BEFORE DELETE ON council_tally
BEGIN SELECT RAISE(ABORT, 'council_tally: append-only'); END;

-- A report is a revision as Markdown with some of its levels; the file stands beside the store.
CREATE TABLE council_report (
    run_id     TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    levels     TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    size       INTEGER NOT NULL,
    event_id   INTEGER NOT NULL REFERENCES event (event_id),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (run_id, revision, levels, sha256),
    FOREIGN KEY (run_id, revision) REFERENCES council_tally (run_id, revision)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER council_report_frozen BEFORE UPDATE ON council_report
BEGIN SELECT RAISE(ABORT, 'council_report: append-only'); END;

CREATE TRIGGER council_report_stays BEFORE DELETE ON council_report
BEGIN SELECT RAISE(ABORT, 'council_report: append-only'); END;

CREATE VIEW council_reviewer_view AS
SELECT r.run_id, r.seat, r.reviewer_role, t.status, json_object(
    'reviewer_role', r.reviewer_role,
    'task_id', t.task_id,
    'thread_id', h.thread_id,
    'assigned_to', a.assigned_to,
    'attempt_no', a.attempt_no,
    'status', t.status
) AS document
  FROM council_reviewer AS r
  JOIN task AS t ON t.task_no = r.task_no
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  JOIN thread AS h ON h.thread_no = a.thread_no;

CREATE VIEW council_view AS
SELECT c.run_id, json_object(
    'run_id', c.run_id,
    'mode', c.mode,
    'target_type', c.target_type,
    'output', c.output,
    'only_unanimous', json(CASE c.only_unanimous WHEN 1 THEN 'true' ELSE 'false' END),
    'quorum', c.quorum,
    'deadline_at', CASE WHEN c.deadline_at IS NOT NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', c.deadline_at / 1000.0, 'unixepoch') END,
    'repo_path', nullif(c.repo_path, ''),
    'base_commit', nullif(c.base_commit, ''),
    'head_commit', nullif(c.head_commit, ''),
    'reviewed_task', c.reviewed_task,
    'reviewed_attempt_no', c.reviewed_attempt_no,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', c.created_at / 1000.0, 'unixepoch'),
    'reviewers', json((SELECT json_group_array(json(v.document)) FROM (
        SELECT document FROM council_reviewer_view WHERE run_id = c.run_id ORDER BY seat) AS v))
) AS document FROM council AS c;

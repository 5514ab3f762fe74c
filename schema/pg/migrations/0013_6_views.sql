-- The published JSON shapes, byte for byte as SQLite writes them: row_to_json is compact and keeps
-- the order of its columns, where json_build_object does neither.

CREATE VIEW thread_view AS
SELECT thread_no, (SELECT row_to_json(r_) FROM (SELECT
    thread_id AS "thread_id",
    run_id AS "run_id",
    task_id AS "task_id",
    subject AS "subject",
    summary AS "summary",
    status AS "status",
    CASE priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END AS "priority",
    created_by AS "created_by",
    addressed_to AS "addressed_to",
    assigned_to AS "assigned_to",
    epoch AS "epoch",
    lost_leases AS "lost_leases",
    max_claims AS "max_claims",
    CASE WHEN not_before_at > 0
        THEN orch_iso(not_before_at) END AS "not_before",
    orch_json(expects) AS "expects",
    nullif(reason, '') AS "reason",
    last_event AS "last_event_id",
    CASE WHEN last_message > 0 THEN 'msg_' || last_message END AS "last_message_id",
    orch_iso(created_at) AS "created_at",
    orch_iso(updated_at) AS "updated_at") AS r_)::text AS document FROM thread;

CREATE VIEW artifact_view AS
SELECT artifact_no, event_id, ordinal, (SELECT row_to_json(r_) FROM (SELECT
    'art_' || artifact_no AS "artifact_id",
    path AS "path",
    kind AS "kind",
    orch_json(metadata) AS "metadata_json",
    size AS "size",
    sha256 AS "sha256",
    (CASE copied WHEN 1 THEN 'true' ELSE 'false' END)::json AS "copied") AS r_)::text AS document FROM artifact;

CREATE VIEW message_view AS
SELECT m.event_id, m.thread_no, (SELECT row_to_json(r_) FROM (SELECT
    'msg_' || m.event_id AS "message_id",
    m.event_id AS "event_id",
    t.thread_id AS "thread_id",
    m.kind AS "kind",
    m.from_agent AS "from_agent",
    m.to_agent AS "to_agent",
    m.summary AS "summary",
    m.body AS "body",
    orch_json(m.payload) AS "payload_json",
    'msg_' || m.reply_to AS "reply_to",
    orch_iso(m.created_at) AS "created_at",
    ((SELECT ('[' || coalesce(string_agg((orch_json(a.document))::text, ','), '') || ']')::json FROM (
        SELECT document FROM artifact_view WHERE event_id = m.event_id ORDER BY ordinal) AS a))::json AS "artifacts") AS r_)::text AS document
FROM message AS m JOIN thread AS t USING (thread_no);

CREATE VIEW event_view AS
SELECT e.event_id, (SELECT row_to_json(r_) FROM (SELECT
    e.event_id AS "event_id",
    e.event_type AS "event_type",
    e.actor AS "actor",
    e.run_id AS "run_id",
    e.task_id AS "task_id",
    t.thread_id AS "thread_id",
    e.status AS "status",
    e.assigned_to AS "assigned_to",
    coalesce(e.summary, m.summary, '') AS "summary",
    'msg_' || m.event_id AS "message_id",
    orch_json(e.payload) AS "payload",
    orch_iso(e.created_at) AS "created_at") AS r_)::text AS document
FROM event AS e
LEFT JOIN thread AS t ON t.thread_no = e.thread_no
LEFT JOIN message AS m ON m.event_id = e.event_id;

CREATE VIEW run_status AS
SELECT n.run_id, CASE
        WHEN n.planned + n.ready + n.dispatched + n.running + n.blocked + n.verifying + n.done + n.failed + n.cancelled = 0 THEN 'empty'
        WHEN n.blocked > 0 THEN 'blocked'
        WHEN n.dispatched + n.running + n.verifying > 0 THEN 'running'
        WHEN n.ready > 0 THEN 'ready'
        WHEN n.failed > 0 THEN 'failed'
        WHEN n.done + n.planned = 0 THEN 'cancelled'
        WHEN n.planned > 0 THEN 'blocked'
        ELSE 'done' END AS status
  FROM run_tally AS n;

CREATE VIEW run_view AS
SELECT r.run_id, (SELECT row_to_json(r_) FROM (SELECT
    r.run_id AS "run_id",
    r.goal AS "goal",
    r.summary AS "summary",
    s.status AS "status",
    r.leader AS "leader",
    r.repo_path AS "repo_path",
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

CREATE VIEW council_reviewer_view AS
SELECT r.run_id, r.seat, r.reviewer_role, t.status, (SELECT row_to_json(r_) FROM (SELECT
    r.reviewer_role AS "reviewer_role",
    t.task_id AS "task_id",
    h.thread_id AS "thread_id",
    a.assigned_to AS "assigned_to",
    a.attempt_no AS "attempt_no",
    t.status AS "status") AS r_)::text AS document
  FROM council_reviewer AS r
  JOIN task AS t ON t.task_no = r.task_no
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  JOIN thread AS h ON h.thread_no = a.thread_no;

CREATE VIEW turn_view AS
SELECT n.turn_key, n.thread_no, n.turn_no, n.run_id, (SELECT row_to_json(r_) FROM (SELECT
    n.run_id AS "run_id",
    t.task_id AS "task_id",
    a.attempt_no AS "attempt_no",
    h.thread_id AS "thread_id",
    n.turn_no AS "turn_no",
    n.agent AS "agent",
    n.harness AS "harness",
    n.outcome AS "outcome",
    n.reason AS "reason",
    nullif(n.reported, '') AS "reported",
    nullif(n.final_event, '') AS "final_event",
    n.exit_status AS "exit_status",
    n.commits AS "commits",
    n.uncommitted AS "uncommitted_files",
    nullif(n.salvage_ref, '') AS "salvage_ref",
    n.strays AS "strays",
    nullif(n.session, '') AS "session",
    n.pid AS "pid",
    n.input_tokens AS "input_tokens",
    n.output_tokens AS "output_tokens",
    orch_real(n.cost_microusd / 1e6::float8) AS "cost_usd",
    orch_real((n.ended_at - n.started_at) / 1000.0::float8) AS "seconds",
    n.log_path AS "log_path",
    orch_iso(n.started_at) AS "started_at",
    CASE WHEN n.ended_at IS NOT NULL
        THEN orch_iso(n.ended_at) END AS "ended_at") AS r_)::text AS document
  FROM turn AS n
  JOIN thread AS h ON h.thread_no = n.thread_no
  LEFT JOIN attempt AS a ON a.thread_no = n.thread_no
  LEFT JOIN task AS t ON t.task_no = a.task_no;

CREATE VIEW request_view AS
SELECT q.request_no, q.request_id, (SELECT row_to_json(r_) FROM (SELECT
    q.request_id AS "request_id",
    q.title AS "title",
    q.body AS "body",
    q.status AS "status",
    CASE q.priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END AS "priority",
    q.requester AS "requester",
    q.run_id AS "run_id",
    t.task_id AS "task_id",
    nullif(q.reason, '') AS "reason",
    (SELECT count(*) FROM request_plan AS p WHERE p.request_no = q.request_no) AS "plans",
    (SELECT count(*) FROM task AS w
               WHERE w.request_id = q.request_id AND w.metadata::json ->> 'plans_request' IS NULL) AS "tasks",
    orch_iso(q.created_at) AS "created_at",
    orch_iso(q.updated_at) AS "updated_at") AS r_)::text AS document
  FROM request AS q LEFT JOIN task AS t ON t.task_no = q.task_no;

CREATE VIEW run_spending AS
SELECT b.run_id, b.cost_microusd, b.tokens, b.turns, b.attempts, b.seconds,
       (SELECT coalesce(sum(n.cost_microusd), 0)::bigint FROM turn AS n WHERE n.run_id = b.run_id)
           AS spent_microusd,
       (SELECT coalesce(sum(coalesce(n.input_tokens, 0) + coalesce(n.output_tokens, 0)), 0)::bigint
          FROM turn AS n WHERE n.run_id = b.run_id) AS spent_tokens,
       (SELECT count(*) FROM turn AS n WHERE n.run_id = b.run_id) AS spent_turns,
       (SELECT count(*) FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
         WHERE t.run_id = b.run_id)
       + (SELECT count(*) FROM dispatch_intent AS i WHERE i.run_id = b.run_id) AS spent_attempts,
       (SELECT coalesce(sum(n.ended_at - n.started_at), 0)::bigint / 1000 FROM turn AS n
         WHERE n.run_id = b.run_id AND n.ended_at IS NOT NULL) AS spent_seconds
  FROM run_budget AS b;

CREATE VIEW entry_view AS
SELECT e.entry_no, (SELECT row_to_json(r_) FROM (SELECT
    'ent_' || e.entry_no AS "entry_id",
    e.run_id AS "run_id",
    t.task_id AS "task_id",
    a.attempt_no AS "attempt_no",
    e.kind AS "kind",
    e.status AS "status",
    nullif(e.reason, '') AS "reason",
    substr(q.target, 12) AS "target",
    q.repo_path AS "repo_path",
    e.strategy AS "strategy",
    CASE e.priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' WHEN 2 THEN 'high'
                     ELSE 'rollback' END AS "priority",
    e.head_commit AS "head_commit",
    e.base_commit AS "base_commit",
    orch_json(e.changed_paths) AS "changed_paths",
    e.risk AS "risk",
    orch_json(e.approvals) AS "approvals",
    e.bounces AS "bounces",
    e.overtaken AS "overtaken",
    e.failures AS "failures",
    e.conflicts AS "conflicts",
    e.errors AS "errors",
    e.flakes AS "flakes",
    CASE WHEN e.not_before_at > 0
        THEN orch_iso(e.not_before_at) END AS "not_before",
    nullif(e.tested_tree, '') AS "tested_tree",
    nullif(e.landed_commit, '') AS "landed_commit",
    nullif(substr(e.landed_on, 12), '') AS "landed_on",
    CASE WHEN e.landed_at IS NOT NULL
        THEN orch_iso(e.landed_at) END AS "landed_at",
    e.position AS "position",
    nullif(e.why, '') AS "waits_for",
    CASE WHEN e.reverts IS NOT NULL THEN 'ent_' || e.reverts END AS "reverts",
    CASE WHEN e.rolled_back_by IS NOT NULL THEN 'ent_' || e.rolled_back_by END AS "rolled_back_by",
    orch_iso(e.created_at) AS "created_at",
    orch_iso(e.updated_at) AS "updated_at") AS r_)::text AS document
  FROM entry AS e
  JOIN queue AS q ON q.queue_no = e.queue_no
  LEFT JOIN task AS t ON t.task_no = e.task_no
  LEFT JOIN attempt AS a ON a.attempt_key = e.attempt_key;

CREATE VIEW nothing_to_land AS
SELECT t.task_no, t.run_id
  FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.status = 'done' AND a.execution_mode = 'code' AND a.head_commit = a.base_commit
   AND coalesce(a.dirty_files, 0) = 0
   AND NOT EXISTS (SELECT 1 FROM entry AS e
                    WHERE e.task_no = t.task_no AND e.attempt_key = a.attempt_key
                      AND e.status NOT IN ('cancelled', 'superseded'));

CREATE VIEW council_voter_view AS
SELECT x.run_id, x.seat, r.reviewer_role, t.status, (SELECT row_to_json(r_) FROM (SELECT
    r.reviewer_role AS "reviewer_role",
    t.task_id AS "task_id",
    h.thread_id AS "thread_id",
    a.assigned_to AS "assigned_to",
    a.attempt_no AS "attempt_no",
    t.status AS "status") AS r_)::text AS document
  FROM council_cross AS x
  JOIN council_reviewer AS r ON r.run_id = x.run_id AND r.seat = x.seat
  JOIN task AS t ON t.task_no = x.task_no
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  JOIN thread AS h ON h.thread_no = a.thread_no;

CREATE VIEW council_view AS
SELECT c.run_id, (SELECT row_to_json(r_) FROM (SELECT
    c.run_id AS "run_id",
    c.mode AS "mode",
    c.target_type AS "target_type",
    c.output AS "output",
    (CASE c.only_unanimous WHEN 1 THEN 'true' ELSE 'false' END)::json AS "only_unanimous",
    c.quorum AS "quorum",
    c.rounds AS "rounds",
    c.since AS "since",
    CASE WHEN c.deadline_at IS NOT NULL
        THEN orch_iso(c.deadline_at) END AS "deadline_at",
    nullif(c.repo_path, '') AS "repo_path",
    nullif(c.base_commit, '') AS "base_commit",
    nullif(c.head_commit, '') AS "head_commit",
    c.reviewed_task AS "reviewed_task",
    c.reviewed_attempt_no AS "reviewed_attempt_no",
    orch_iso(c.created_at) AS "created_at",
    ((SELECT ('[' || coalesce(string_agg((orch_json(v.document))::text, ','), '') || ']')::json FROM (
        SELECT document FROM council_reviewer_view WHERE run_id = c.run_id ORDER BY seat) AS v))::json AS "reviewers",
    ((SELECT ('[' || coalesce(string_agg((orch_json(v.document))::text, ','), '') || ']')::json FROM (
        SELECT document FROM council_voter_view WHERE run_id = c.run_id ORDER BY seat) AS v))::json AS "voters") AS r_)::text AS document FROM council AS c;

CREATE VIEW drive_view AS
SELECT d.run_id, (SELECT row_to_json(r_) FROM (SELECT
    (CASE d.paused WHEN 1 THEN 'true' ELSE 'false' END)::json AS "paused",
    orch_json(d.settings) AS "settings",
    nullif(d.until, '') AS "until",
    d.runner_pid AS "pid",
    CASE WHEN d.runner_pid IS NOT NULL
        THEN orch_iso(d.taken_at) END AS "taken_at") AS r_)::text AS document FROM drive AS d;

CREATE VIEW task_view AS
SELECT t.task_no, t.run_id, (SELECT row_to_json(r_) FROM (SELECT
    t.run_id AS "run_id",
    t.task_id AS "task_id",
    t.title AS "title",
    t.summary AS "summary",
    t.status AS "status",
    CASE t.priority WHEN 0 THEN 'low' WHEN 1 THEN 'normal' ELSE 'high' END AS "priority",
    nullif(t.rank, 0) AS "rank",
    t.kind AS "kind",
    t.default_to AS "default_to",
    t.execution_mode AS "execution_mode",
    t.risk AS "risk",
    orch_json(t.acceptance) AS "acceptance",
    orch_json(t.allowed_paths) AS "allowed_paths",
    orch_json(t.blocked_paths) AS "blocked_paths",
    t.check_profile AS "check_profile",
    orch_json(t.required_checks) AS "required_checks",
    orch_json(t.metadata) AS "metadata_json",
    ((SELECT ('[' || coalesce(string_agg(to_json(d.task_id)::text, ','), '') || ']')::json FROM (
        SELECT p.task_id FROM dependency AS e JOIN task AS p ON p.task_no = e.depends_on
         WHERE e.task_no = t.task_no ORDER BY p.task_no) AS d))::json AS "depends_on",
    ((SELECT ('[' || coalesce(string_agg(to_json(k.lock)::text, ','), '') || ']')::json FROM (
        SELECT lock FROM task_lock WHERE task_no = t.task_no ORDER BY lock) AS k))::json AS "locks",
    t.max_attempts AS "max_attempts",
    nullif(t.latest_attempt_no, 0) AS "latest_attempt_no",
    t.chain AS "waiting_chain",
    CASE WHEN t.not_before_at > 0
        THEN orch_iso(t.not_before_at) END AS "not_before",
    nullif(t.reason, '') AS "reason",
    (SELECT row_to_json(r_) FROM (SELECT
    t.spec_path AS "spec_file",
    t.spec_path AS "path",
    t.spec_sha256 AS "sha256",
    t.spec_text AS "content",
    t.check_profile AS "check_profile",
    orch_json(t.required_checks) AS "required_checks",
    orch_json(t.allowed_paths) AS "allowed_paths",
    orch_json(t.blocked_paths) AS "blocked_paths",
    orch_json(t.metadata) AS "metadata") AS r_) AS "spec",
    (SELECT (SELECT row_to_json(r_) FROM (SELECT
        CASE WHEN g.violated THEN 'failed'
            WHEN g.error > 0 THEN 'error'
            WHEN g.pending > 0 THEN 'pending'
            WHEN g.failed > 0 THEN 'failed'
            ELSE 'passed' END AS "status",
        g.checks AS "checks") AS r_)
      FROM (SELECT v.violated, count(q.value) AS wanted,
                   count(*) FILTER (WHERE c.status = 'error') AS error,
                   count(*) FILTER (WHERE c.status IS NULL) AS pending,
                   count(*) FILTER (WHERE c.status = 'failed') AS failed,
                   ('[' || coalesce(string_agg((SELECT row_to_json(r_) FROM (SELECT
                        q.value AS "check",
                        coalesce(c.status, 'pending') AS "status",
                        c.source AS "source",
                        c.summary AS "summary",
                        c.exit_status AS "exit_status",
                        c.head_commit AS "head_commit",
                        -- It failed before on the very same head.
                        coalesce(c.status = 'passed' AND EXISTS (
                            SELECT 1 FROM check_result AS f
                             WHERE f.attempt_key = c.attempt_key AND f.check_name = c.check_name
                               AND f.result_no < c.result_no AND f.status = 'failed'
                               AND f.head_commit = c.head_commit), false) AS "flaky",
                        c.recorded_by AS "recorded_by",
                        orch_iso(c.created_at) AS "recorded_at") AS r_)::text, ',' ORDER BY q.place)
                        FILTER (WHERE q.value IS NOT NULL), '') || ']')::json AS checks
              FROM (SELECT EXISTS (
                        SELECT 1 FROM attempt AS w JOIN run AS r ON r.run_id = t.run_id
                         WHERE w.task_no = t.task_no AND w.attempt_no = t.latest_attempt_no
                           AND w.path_violations <> '[]' AND r.ownership = 'enforce')
                        AS violated) AS v
              LEFT JOIN LATERAL json_array_elements_text(t.required_checks::json)
                        WITH ORDINALITY AS q (value, place) ON true
              LEFT JOIN check_result AS c ON c.result_no = (
                   SELECT max(n.result_no)
                     FROM attempt AS a JOIN check_result AS n ON n.attempt_key = a.attempt_key
                    WHERE a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
                      AND n.check_name = q.value)
             GROUP BY v.violated) AS g
     WHERE g.wanted > 0 OR g.violated) AS "gate",
    orch_iso(coalesce(nullif(t.status_at, 0), t.created_at)) AS "status_at",
    orch_iso(t.created_at) AS "created_at",
    orch_iso(t.updated_at) AS "updated_at") AS r_)::text AS document FROM task AS t;

CREATE VIEW attempt_view AS
SELECT a.attempt_key, a.task_no, a.attempt_no, a.thread_no, (SELECT row_to_json(r_) FROM (SELECT
    t.run_id AS "run_id",
    t.task_id AS "task_id",
    a.attempt_no AS "attempt_no",
    h.thread_id AS "thread_id",
    a.assigned_to AS "assigned_to",
    a.status AS "status",
    a.execution_mode AS "execution_mode",
    a.repo_path AS "repo_path",
    a.base_ref AS "base_ref",
    a.base_commit AS "base_commit",
    a.base_source AS "base_source",
    a.branch_name AS "branch_name",
    a.worktree_path AS "worktree_path",
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

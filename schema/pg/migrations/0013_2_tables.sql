-- What each table and column means stands in schema/migrations, where SQLite's twins are made.

CREATE TABLE store (
    only_row   bigint PRIMARY KEY CHECK (only_row = 1),
    store_id   text NOT NULL,
    secret     bytea NOT NULL CHECK (length(secret) = 32),
    created_at bigint NOT NULL
, min_client bigint NOT NULL DEFAULT 13);

CREATE TABLE transition (
    machine text NOT NULL,
    source  text NOT NULL,
    target  text NOT NULL,
    PRIMARY KEY (machine, source, target)
);

CREATE TABLE thread (
    thread_no     bigint PRIMARY KEY,
    thread_id     text NOT NULL UNIQUE,
    run_id        text,
    task_id       text,
    owned_by_run  bigint NOT NULL DEFAULT 0 CHECK (owned_by_run IN (0, 1)),
    subject       text NOT NULL,
    summary       text NOT NULL,
    status        text NOT NULL,
    priority      bigint NOT NULL,
    created_by    text NOT NULL,
    addressed_to  text NOT NULL,
    assigned_to   text NOT NULL,
    epoch         bigint NOT NULL DEFAULT 0,
    lost_leases   bigint NOT NULL DEFAULT 0,
    max_claims    bigint NOT NULL DEFAULT 5,
    not_before_at bigint NOT NULL DEFAULT 0,
    expects       text,
    reason        text NOT NULL DEFAULT '',
    last_event    bigint NOT NULL DEFAULT 0,
    last_message  bigint NOT NULL DEFAULT 0,
    created_at    bigint NOT NULL,
    updated_at    bigint NOT NULL,
    CONSTRAINT thread_status_known CHECK (status IN
        ('pending', 'claimed', 'in_progress', 'blocked', 'done', 'failed', 'cancelled')),
    CONSTRAINT thread_priority_known CHECK (priority IN (0, 1, 2)),
    CONSTRAINT thread_worked_on_was_claimed CHECK (epoch > 0 OR status IN ('pending', 'cancelled')),
    CONSTRAINT thread_pending_waits_for_addressee
        CHECK (status <> 'pending' OR assigned_to = addressed_to),
    CONSTRAINT thread_expects_json CHECK (expects IS NULL OR ((expects)::json IS NOT NULL))
);

CREATE TABLE event (
    event_id    bigint PRIMARY KEY,
    event_type  text NOT NULL,
    actor       text NOT NULL,
    thread_no   bigint REFERENCES thread (thread_no) DEFERRABLE INITIALLY DEFERRED,
    run_id      text,
    task_id     text,
    status      text,
    assigned_to text,
    summary     text,
    payload     text NOT NULL DEFAULT '{}',
    tx_id       bigint NOT NULL,
    created_at  bigint NOT NULL,
    CONSTRAINT event_payload_json CHECK (((payload)::json IS NOT NULL))
);

CREATE TABLE lease (
    thread_no     bigint NOT NULL REFERENCES thread (thread_no),
    epoch         bigint NOT NULL,
    holder        text NOT NULL,
    ttl_ms        bigint NOT NULL CHECK (ttl_ms BETWEEN 1 AND 86400000),
    clock_domain  text NOT NULL,
    boot_deadline bigint NOT NULL,
    wall_deadline bigint NOT NULL,
    claim_event   bigint NOT NULL REFERENCES event (event_id),
    claimed_at    bigint NOT NULL,
    ended_at      bigint,
    ended_by      text,
    PRIMARY KEY (thread_no, epoch),
    CONSTRAINT lease_end_known CHECK (
        (ended_at IS NULL AND ended_by IS NULL) OR ended_by IN
        ('release', 'done', 'fail', 'cancel', 'claim', 'abandon'))
);

CREATE TABLE message (
    event_id   bigint PRIMARY KEY REFERENCES event (event_id),
    thread_no  bigint NOT NULL REFERENCES thread (thread_no),
    kind       text NOT NULL,
    from_agent text NOT NULL,
    to_agent   text NOT NULL,
    summary    text NOT NULL,
    body       text NOT NULL,
    payload    text NOT NULL DEFAULT '{}',
    reply_to   bigint REFERENCES message (event_id),
    created_at bigint NOT NULL,
    CONSTRAINT message_kind_known CHECK (kind IN
        ('task', 'progress', 'question', 'answer', 'result', 'control', 'event')),
    CONSTRAINT message_payload_object CHECK (json_typeof((payload)::json) = 'object')
);

CREATE TABLE artifact (
    artifact_no bigint PRIMARY KEY DEFAULT orch_next('artifact'),
    event_id    bigint NOT NULL REFERENCES message (event_id),
    ordinal     bigint NOT NULL,
    path        text NOT NULL,
    kind        text NOT NULL,
    metadata    text NOT NULL DEFAULT '{}',
    size        bigint,
    sha256      text,
    copied      bigint NOT NULL DEFAULT 0 CHECK (copied IN (0, 1)),
    UNIQUE (event_id, ordinal),
    CONSTRAINT artifact_metadata_object CHECK (json_typeof((metadata)::json) = 'object'),
    CONSTRAINT artifact_copied_is_hashed CHECK (copied = 0 OR sha256 IS NOT NULL)
);

CREATE TABLE cursor (
    agent     text NOT NULL,
    thread_no bigint NOT NULL REFERENCES thread (thread_no),
    last_read bigint NOT NULL,
    moved_at  bigint NOT NULL,
    PRIMARY KEY (agent, thread_no)
);

CREATE TABLE agent (
    name     text PRIMARY KEY,
    folded   text NOT NULL,
    first_at bigint NOT NULL
);

CREATE TABLE idempotency_key (
    actor      text NOT NULL,
    verb       text NOT NULL,
    key        text NOT NULL,
    arguments  text NOT NULL,
    answer     text NOT NULL CHECK (((answer)::json IS NOT NULL)),
    created_at bigint NOT NULL,
    PRIMARY KEY (actor, verb, key)
);

-- Full text, filled by `search` itself up to `indexed_through`: no cost on hot commands.
CREATE TABLE message_text (
    event_id bigint PRIMARY KEY,
    words    tsvector NOT NULL
);

CREATE TABLE message_text_state (
    only_row        bigint PRIMARY KEY CHECK (only_row = 1),
    indexed_through bigint NOT NULL
);

CREATE TABLE run (
    run_id             text PRIMARY KEY,
    goal               text NOT NULL,
    summary            text NOT NULL,
    leader             text NOT NULL,
    repo_path          text NOT NULL DEFAULT '',
    base_ref           text NOT NULL DEFAULT '',
    target             text NOT NULL DEFAULT '',
    ownership          text NOT NULL DEFAULT 'warn',
    fingerprint        text,
    reconciled_through bigint NOT NULL DEFAULT 0,
    settled_event      bigint NOT NULL DEFAULT 0,
    created_at         bigint NOT NULL,
    updated_at         bigint NOT NULL,
    closed_at          bigint,
    CONSTRAINT run_ownership_known CHECK (ownership IN ('enforce', 'warn', 'off')),
    CONSTRAINT run_fingerprint_json CHECK (fingerprint IS NULL OR ((fingerprint)::json IS NOT NULL))
);

CREATE TABLE task (
    task_no           bigint PRIMARY KEY DEFAULT orch_next('task'),
    run_id            text NOT NULL REFERENCES run (run_id),
    task_id           text NOT NULL,
    title             text NOT NULL,
    summary           text NOT NULL,
    default_to        text,
    priority          bigint NOT NULL,
    rank              bigint NOT NULL DEFAULT 0,
    acceptance        text,
    spec_path         text,
    spec_text         text,
    spec_sha256       text,
    check_profile     text,
    required_checks   text NOT NULL DEFAULT '[]',
    allowed_paths     text NOT NULL DEFAULT '[]',
    blocked_paths     text NOT NULL DEFAULT '[]',
    metadata          text NOT NULL DEFAULT '{}',
    max_attempts      bigint NOT NULL DEFAULT 3,
    risk              text NOT NULL DEFAULT 'low',
    execution_mode    text,
    status            text NOT NULL,
    unmet             bigint NOT NULL DEFAULT 0,
    chain             bigint NOT NULL DEFAULT 0,
    not_before_at     bigint NOT NULL DEFAULT 0,
    latest_attempt_no bigint NOT NULL DEFAULT 0,
    next_attempt_no   bigint NOT NULL DEFAULT 1,
    reason            text NOT NULL DEFAULT '',
    last_event        bigint NOT NULL DEFAULT 0,
    created_at        bigint NOT NULL,
    updated_at        bigint NOT NULL,
    request_id text,
    status_at bigint NOT NULL DEFAULT 0,
    overtaken bigint NOT NULL DEFAULT 0,
    kind text
    CHECK (kind IN ('feature', 'bugfix', 'refactor', 'docs', 'test', 'chore')),
    UNIQUE (run_id, task_id),
    CONSTRAINT task_status_known CHECK (status IN ('planned', 'ready', 'dispatched', 'running',
        'blocked', 'verifying', 'done', 'failed', 'cancelled')),
    CONSTRAINT task_priority_known CHECK (priority IN (0, 1, 2)),
    CONSTRAINT task_risk_known CHECK (risk IN ('low', 'medium', 'high')),
    CONSTRAINT task_mode_known CHECK (execution_mode IN ('analysis', 'code')),
    CONSTRAINT task_unmet_counts CHECK (unmet >= 0),
    CONSTRAINT task_ready_is_unblocked CHECK (status <> 'ready' OR unmet = 0),
    CONSTRAINT task_acceptance_json CHECK (acceptance IS NULL OR ((acceptance)::json IS NOT NULL)),
    CONSTRAINT task_metadata_object CHECK (json_typeof((metadata)::json) = 'object')
);

CREATE TABLE run_tally (
    run_id     text PRIMARY KEY REFERENCES run (run_id),
    planned    bigint NOT NULL DEFAULT 0 CHECK (planned >= 0),
    ready      bigint NOT NULL DEFAULT 0 CHECK (ready >= 0),
    dispatched bigint NOT NULL DEFAULT 0 CHECK (dispatched >= 0),
    running    bigint NOT NULL DEFAULT 0 CHECK (running >= 0),
    blocked    bigint NOT NULL DEFAULT 0 CHECK (blocked >= 0),
    verifying  bigint NOT NULL DEFAULT 0 CHECK (verifying >= 0),
    done       bigint NOT NULL DEFAULT 0 CHECK (done >= 0),
    failed     bigint NOT NULL DEFAULT 0 CHECK (failed >= 0),
    cancelled  bigint NOT NULL DEFAULT 0 CHECK (cancelled >= 0)
);

CREATE TABLE dependency (
    task_no    bigint NOT NULL REFERENCES task (task_no),
    depends_on bigint NOT NULL REFERENCES task (task_no),
    PRIMARY KEY (task_no, depends_on),
    CONSTRAINT dependency_not_self CHECK (task_no <> depends_on)
);

CREATE TABLE task_lock (
    task_no bigint NOT NULL REFERENCES task (task_no),
    lock    text NOT NULL,
    PRIMARY KEY (task_no, lock)
);

CREATE TABLE held_lock (
    lock    text PRIMARY KEY,
    task_no bigint NOT NULL REFERENCES task (task_no)
);

CREATE TABLE attempt (
    attempt_key      bigint PRIMARY KEY DEFAULT orch_next('attempt'),
    task_no          bigint NOT NULL REFERENCES task (task_no),
    attempt_no       bigint NOT NULL CHECK (attempt_no > 0),
    thread_no        bigint NOT NULL UNIQUE REFERENCES thread (thread_no),
    assigned_to      text NOT NULL,
    status           text NOT NULL,
    execution_mode   text NOT NULL,
    repo_path        text NOT NULL DEFAULT '',
    workspace_root   text NOT NULL DEFAULT '',
    base_ref         text NOT NULL DEFAULT '',
    base_commit      text NOT NULL DEFAULT '',
    base_source      text NOT NULL DEFAULT '',
    branch_name      text NOT NULL DEFAULT '',
    worktree_path    text NOT NULL DEFAULT '',
    workspace_status text NOT NULL DEFAULT '',
    placed_files     text NOT NULL DEFAULT '{}',
    head_commit      text,
    dirty_files      bigint,
    path_violations  text,
    pid              bigint,
    pid_started      bigint,
    pid_boot         text,
    liveness         text NOT NULL DEFAULT 'unknown',
    late_event       bigint NOT NULL DEFAULT 0,
    created_at       bigint NOT NULL,
    updated_at       bigint NOT NULL,
    ended_at         bigint, end_class text, begun_for text NOT NULL DEFAULT '',
    UNIQUE (task_no, attempt_no),
    CONSTRAINT attempt_mode_known CHECK (execution_mode IN ('analysis', 'code')),
    CONSTRAINT attempt_workspace_known CHECK (workspace_status IN ('', 'created', 'cleaned')),
    CONSTRAINT attempt_liveness_known CHECK (liveness IN ('live', 'stale', 'gone', 'unknown')),
    CONSTRAINT attempt_status_known CHECK (status IN ('dispatched', 'running', 'blocked',
        'verifying', 'done', 'failed', 'cancelled')),
    CONSTRAINT attempt_analysis_has_no_worktree
        CHECK (execution_mode = 'code' OR (branch_name = '' AND worktree_path = ''))
);

CREATE TABLE dispatch_intent (
    task_no     bigint PRIMARY KEY REFERENCES task (task_no),
    run_id      text NOT NULL,
    attempt_no  bigint NOT NULL,
    repo_path   text NOT NULL,
    branch_name text NOT NULL,
    worktree    text NOT NULL,
    root        text NOT NULL,
    base_commit text NOT NULL,
    pid         bigint NOT NULL,
    pid_started bigint NOT NULL,
    pid_boot    text NOT NULL,
    created_at  bigint NOT NULL
);

CREATE TABLE check_result (
    result_no   bigint PRIMARY KEY DEFAULT orch_next('check_result'),
    attempt_key bigint NOT NULL REFERENCES attempt (attempt_key),
    check_name  text NOT NULL,
    status      text NOT NULL,
    source      text NOT NULL,
    head_commit text,
    cache_key   text,
    summary     text NOT NULL DEFAULT '',
    output_head text NOT NULL DEFAULT '',
    output_tail text NOT NULL DEFAULT '',
    exit_status bigint,
    duration_ms bigint,
    recorded_by text NOT NULL,
    created_at  bigint NOT NULL,
    CONSTRAINT check_result_status_known CHECK (status IN ('passed', 'failed', 'error')),
    CONSTRAINT check_result_source_known CHECK (source IN ('run', 'cache', 'record'))
);

CREATE TABLE council (
    run_id          text PRIMARY KEY REFERENCES run (run_id),
    mode            text NOT NULL,
    target_type     text NOT NULL,
    target          text NOT NULL,
    repo_path       text NOT NULL DEFAULT '',
    base_commit     text NOT NULL DEFAULT '',
    head_commit     text NOT NULL DEFAULT '',
    reviewed_task   text,
    reviewed_attempt_no bigint,
    diff_sha256     text,
    shown_lines     text,
    output          text NOT NULL,
    only_unanimous  bigint NOT NULL,
    quorum          bigint NOT NULL,
    deadline_at     bigint,
    created_at      bigint NOT NULL,
    rounds bigint NOT NULL DEFAULT 1 CHECK (rounds IN (1, 2)),
    since text REFERENCES council (run_id),
    CONSTRAINT council_mode_known CHECK (mode IN ('brainstorm', 'code-review', 'plan-review')),
    CONSTRAINT council_target_type_known CHECK (target_type IN ('text', 'repo', 'mixed', 'task')),
    CONSTRAINT council_output_known CHECK (output IN ('markdown', 'json', 'both')),
    CONSTRAINT council_only_unanimous_flag CHECK (only_unanimous IN (0, 1)),
    CONSTRAINT council_quorum_of_three CHECK (quorum BETWEEN 1 AND 3),
    CONSTRAINT council_shown_lines_json CHECK (shown_lines IS NULL OR ((shown_lines)::json IS NOT NULL))
);

CREATE TABLE council_reviewer (
    run_id        text NOT NULL REFERENCES council (run_id),
    seat          bigint NOT NULL CHECK (seat BETWEEN 1 AND 3),
    reviewer_role text NOT NULL,
    task_no       bigint NOT NULL UNIQUE REFERENCES task (task_no),
    PRIMARY KEY (run_id, seat),
    UNIQUE (run_id, reviewer_role),
    CONSTRAINT council_reviewer_role_known CHECK (reviewer_role IN
        ('architecture-reviewer', 'implementation-reviewer', 'risk-reviewer'))
);

CREATE TABLE council_tally (
    run_id      text NOT NULL REFERENCES council (run_id),
    revision    bigint NOT NULL,
    fingerprint text NOT NULL,
    document    text NOT NULL,
    event_id    bigint NOT NULL REFERENCES event (event_id),
    created_at  bigint NOT NULL,
    PRIMARY KEY (run_id, revision),
    CONSTRAINT council_tally_document CHECK (json_typeof((document)::json) = 'object')
);

CREATE TABLE council_report (
    run_id     text NOT NULL,
    revision   bigint NOT NULL,
    levels     text NOT NULL,
    sha256     text NOT NULL,
    size       bigint NOT NULL,
    event_id   bigint NOT NULL REFERENCES event (event_id),
    created_at bigint NOT NULL,
    PRIMARY KEY (run_id, revision, levels, sha256),
    FOREIGN KEY (run_id, revision) REFERENCES council_tally (run_id, revision)
);

CREATE TABLE turn (
    turn_key       bigint PRIMARY KEY DEFAULT orch_next('turn'),
    thread_no      bigint NOT NULL REFERENCES thread (thread_no),
    turn_no        bigint NOT NULL CHECK (turn_no > 0),
    run_id         text,
    epoch          bigint NOT NULL,
    agent          text NOT NULL,
    harness        text NOT NULL,
    mark           text NOT NULL UNIQUE,
    session        text NOT NULL DEFAULT '',
    told_through   bigint NOT NULL,
    log_path       text NOT NULL,
    runner_pid     bigint NOT NULL,
    runner_started bigint NOT NULL,
    runner_boot    text NOT NULL,
    pid            bigint,
    pid_started    bigint,
    pid_boot       text,
    stop_reason    text,
    outcome        text,
    reason         text NOT NULL DEFAULT '',
    reported       text NOT NULL DEFAULT '',
    final_event    text NOT NULL DEFAULT '',
    exit_status    bigint,
    commits        bigint,
    uncommitted    bigint,
    salvage_ref    text NOT NULL DEFAULT '',
    strays         bigint NOT NULL DEFAULT 0,
    input_tokens   bigint,
    output_tokens  bigint,
    cost_microusd  bigint,
    started_at     bigint NOT NULL,
    ended_at       bigint,
    UNIQUE (thread_no, turn_no),
    CONSTRAINT turn_outcome_known CHECK (outcome IN ('done', 'failed', 'no_change', 'limited',
        'crashed', 'timeout', 'interrupted', 'waiting')),
    CONSTRAINT turn_reported_known CHECK (reported IN ('', 'done', 'fail')),
    CONSTRAINT turn_final_known CHECK (final_event IN ('', 'ok', 'failed')),
    CONSTRAINT turn_ends_with_outcome CHECK ((ended_at IS NULL) = (outcome IS NULL))
);

CREATE TABLE request (
    request_no    bigint PRIMARY KEY DEFAULT orch_next('request'),
    request_id    text NOT NULL UNIQUE,
    title         text NOT NULL,
    body          text NOT NULL,
    requester     text NOT NULL,
    priority      bigint NOT NULL,
    run_id        text REFERENCES run (run_id),
    task_no       bigint REFERENCES task (task_no),
    status        text NOT NULL,
    reason        text NOT NULL DEFAULT '',
    created_event bigint NOT NULL,
    applied_event bigint NOT NULL DEFAULT 0,
    created_at    bigint NOT NULL,
    updated_at    bigint NOT NULL,
    CONSTRAINT request_status_known CHECK (status IN ('new', 'planning', 'asked', 'planned',
        'refused', 'failed', 'applied')),
    CONSTRAINT request_priority_known CHECK (priority IN (0, 1, 2)),
    CONSTRAINT request_is_planned_by_a_task CHECK (status IN ('new', 'applied')
        OR (task_no IS NOT NULL AND run_id IS NOT NULL))
);

CREATE TABLE request_plan (
    plan_key    bigint PRIMARY KEY DEFAULT orch_next('request_plan'),
    request_no  bigint NOT NULL REFERENCES request (request_no),
    attempt_key bigint NOT NULL UNIQUE REFERENCES attempt (attempt_key),
    format      text NOT NULL,
    text        text NOT NULL,
    sha256      text NOT NULL,
    problems    text NOT NULL,
    created_at  bigint NOT NULL,
    CONSTRAINT request_plan_format_known CHECK (format IN ('yaml', 'json')),
    CONSTRAINT request_plan_problems_list CHECK (json_typeof((problems)::json) = 'array')
);

CREATE TABLE run_budget (
    run_id        text PRIMARY KEY REFERENCES run (run_id),
    cost_microusd bigint,
    tokens        bigint,
    turns         bigint,
    attempts      bigint,
    seconds       bigint,
    updated_at    bigint NOT NULL,
    CONSTRAINT run_budget_not_negative CHECK (least(coalesce(cost_microusd, 0), coalesce(tokens, 0), coalesce(turns, 0), coalesce(attempts, 0), coalesce(seconds, 0)) >= 0)
);

CREATE TABLE announcement (
    agent     text PRIMARY KEY,
    through   bigint NOT NULL,
    moved_at  bigint NOT NULL
);

CREATE TABLE queue (
    queue_no       bigint PRIMARY KEY DEFAULT orch_next('queue'),
    repo_path      text NOT NULL,
    target         text NOT NULL,
    hold_reason    text NOT NULL DEFAULT '',
    hold_tree      text NOT NULL DEFAULT '',
    "window"         bigint NOT NULL DEFAULT 4,
    retried_at     bigint NOT NULL DEFAULT 0,
    fence          bigint NOT NULL DEFAULT 0,
    runner_pid     bigint,
    runner_started bigint,
    runner_boot    text,
    runner_until   bigint,
    created_at     bigint NOT NULL,
    updated_at     bigint NOT NULL,
    UNIQUE (repo_path, target),
    CONSTRAINT queue_target_is_a_branch CHECK (target LIKE 'refs/heads/%'),
    CONSTRAINT queue_window_positive CHECK ("window" > 0)
);

CREATE TABLE entry (
    entry_no        bigint PRIMARY KEY DEFAULT orch_next('entry'),
    queue_no        bigint NOT NULL REFERENCES queue (queue_no),
    run_id          text NOT NULL,
    kind            text NOT NULL DEFAULT 'task',
    task_no         bigint REFERENCES task (task_no),
    attempt_key     bigint REFERENCES attempt (attempt_key),
    reverts         bigint REFERENCES entry (entry_no),
    head_commit     text NOT NULL,
    base_commit     text NOT NULL,
    strategy        text NOT NULL,
    priority        bigint NOT NULL,
    rank            bigint NOT NULL DEFAULT 0,
    status          text NOT NULL DEFAULT 'queued',
    reason          text NOT NULL DEFAULT '',
    changed_paths   text NOT NULL DEFAULT '[]',
    facts           text NOT NULL DEFAULT '{}',
    bounces         bigint NOT NULL DEFAULT 0,
    overtaken       bigint NOT NULL DEFAULT 0,
    failures        bigint NOT NULL DEFAULT 0,
    conflicts       bigint NOT NULL DEFAULT 0,
    errors          bigint NOT NULL DEFAULT 0,
    flakes          bigint NOT NULL DEFAULT 0,
    not_before_at   bigint NOT NULL DEFAULT 0,
    tested_tree     text NOT NULL DEFAULT '',
    landed_commit   text NOT NULL DEFAULT '',
    landed_on       text NOT NULL DEFAULT '',
    landed_at       bigint,
    rolled_back_by  bigint REFERENCES entry (entry_no),
    risk            text NOT NULL DEFAULT 'high',
    approvals       text NOT NULL DEFAULT '{"needed":[],"given":[],"missing":[]}',
    position        bigint,
    why             text NOT NULL DEFAULT '',
    released_event  bigint NOT NULL DEFAULT 0,
    added_by        text NOT NULL,
    queued_event    bigint NOT NULL,
    last_event      bigint NOT NULL,
    created_at      bigint NOT NULL,
    updated_at      bigint NOT NULL,
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
    CONSTRAINT entry_paths_array CHECK (json_typeof((changed_paths)::json) = 'array'),
    CONSTRAINT entry_facts_object CHECK (json_typeof((facts)::json) = 'object'),
    CONSTRAINT entry_risk_known CHECK (risk IN ('low', 'medium', 'high')),
    CONSTRAINT entry_approvals_object CHECK (json_typeof((approvals)::json) = 'object')
);

CREATE TABLE candidate (
    queue_no  bigint NOT NULL REFERENCES queue (queue_no),
    onto      text NOT NULL,
    entry_no  bigint NOT NULL REFERENCES entry (entry_no),
    commit_id text NOT NULL DEFAULT '',
    tree      text NOT NULL DEFAULT '',
    files     text NOT NULL DEFAULT '[]',
    notes     text NOT NULL DEFAULT '',
    resolved  text NOT NULL DEFAULT '[]',
    built_at  bigint NOT NULL,
    PRIMARY KEY (queue_no, onto, entry_no),
    CONSTRAINT candidate_commit_or_conflict CHECK ((commit_id = '') = (tree = ''))
);

CREATE TABLE trial (
    trial_no   bigint PRIMARY KEY DEFAULT orch_next('trial'),
    queue_no   bigint NOT NULL REFERENCES queue (queue_no),
    fence      bigint NOT NULL,
    commit_id  text NOT NULL,
    tree       text NOT NULL,
    checks     text NOT NULL,
    purpose    text NOT NULL,
    entries    text NOT NULL,
    status     text NOT NULL DEFAULT 'running',
    summary    text NOT NULL DEFAULT '',
    started_at bigint NOT NULL,
    ended_at   bigint,
    CONSTRAINT trial_purpose_known CHECK (purpose IN ('batch', 'bisect', 'rerun', 'base')),
    CONSTRAINT trial_status_known
        CHECK (status IN ('running', 'passed', 'failed', 'error', 'interrupted')),
    CONSTRAINT trial_ends_with_status CHECK ((status = 'running') = (ended_at IS NULL))
);

CREATE TABLE trial_check (
    trial_no    bigint NOT NULL REFERENCES trial (trial_no),
    check_name  text NOT NULL,
    cache_key   text,
    status      text NOT NULL,
    source      text NOT NULL,
    summary     text NOT NULL DEFAULT '',
    output_head text NOT NULL DEFAULT '',
    output_tail text NOT NULL DEFAULT '',
    exit_status bigint,
    duration_ms bigint,
    created_at  bigint NOT NULL,
    PRIMARY KEY (trial_no, check_name),
    CONSTRAINT trial_check_status_known CHECK (status IN ('passed', 'failed', 'error')),
    CONSTRAINT trial_check_source_known CHECK (source IN ('run', 'cache'))
);

CREATE TABLE approval (
    approval_no   bigint PRIMARY KEY DEFAULT orch_next('approval'),
    run_id        text NOT NULL,
    task_no       bigint REFERENCES task (task_no),
    head_commit   text NOT NULL,
    policy_digest text NOT NULL,
    kind          text NOT NULL,
    verdict       text NOT NULL,
    given_by      text NOT NULL,
    note          text NOT NULL DEFAULT '',
    event_id      bigint NOT NULL,
    created_at    bigint NOT NULL,
    CONSTRAINT approval_kind_known CHECK (kind IN ('human', 'council', 'reviewer')),
    CONSTRAINT approval_verdict_known CHECK (verdict IN ('approve', 'reject', 'abstain'))
);

CREATE TABLE landing_intent (
    queue_no     bigint PRIMARY KEY REFERENCES queue (queue_no),
    fence        bigint NOT NULL,
    from_commit  text NOT NULL,
    to_commit    text NOT NULL,
    tree         text NOT NULL,
    entries      text NOT NULL,
    checkouts    text NOT NULL DEFAULT '[]',
    created_at   bigint NOT NULL,
    CONSTRAINT landing_intent_entries_array CHECK (json_typeof((entries)::json) = 'array')
);

CREATE TABLE queue_pass (
    pass_no    bigint PRIMARY KEY DEFAULT orch_next('queue_pass'),
    queue_no   bigint NOT NULL REFERENCES queue (queue_no),
    fence      bigint NOT NULL,
    planner    text NOT NULL,
    snapshot   text NOT NULL,
    decisions  text NOT NULL,
    created_at bigint NOT NULL,
    CONSTRAINT queue_pass_snapshot_json CHECK (((snapshot)::json IS NOT NULL)),
    CONSTRAINT queue_pass_decisions_json CHECK (((decisions)::json IS NOT NULL))
);

CREATE TABLE place (
    attempt_key bigint PRIMARY KEY REFERENCES attempt (attempt_key),
    place_path  text NOT NULL UNIQUE,
    out_path    text NOT NULL UNIQUE,
    repo_path   text NOT NULL,  -- '' = an empty folder
    wanted      text NOT NULL,  -- the commit it is to show; '' = HEAD as it is when it is made
    commit_id   text NOT NULL DEFAULT '',
    made_at     bigint,
    removed_at  bigint,
    CONSTRAINT place_made_before_removed CHECK (removed_at IS NULL OR made_at IS NOT NULL)
);

CREATE TABLE integration_seen (
    commit_id text NOT NULL,
    tip       text NOT NULL,
    proof     text NOT NULL,  -- '' = it does not hold it
    PRIMARY KEY (commit_id, tip)
);

CREATE TABLE council_cross (
    run_id     text NOT NULL,
    seat       bigint NOT NULL,
    task_no    bigint NOT NULL UNIQUE REFERENCES task (task_no),
    sheet      text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (run_id, seat),
    FOREIGN KEY (run_id, seat) REFERENCES council_reviewer (run_id, seat),
    CONSTRAINT council_cross_sheet CHECK (json_typeof((sheet)::json) = 'array')
);

CREATE TABLE council_decline (
    run_id     text NOT NULL,
    revision   bigint NOT NULL,
    group_id   text NOT NULL,
    reason     text NOT NULL CHECK (trim(reason) <> ''),
    declined_by text NOT NULL,
    event_id   bigint NOT NULL REFERENCES event (event_id),
    created_at bigint NOT NULL,
    PRIMARY KEY (run_id, group_id),
    FOREIGN KEY (run_id, revision) REFERENCES council_tally (run_id, revision)
);

CREATE TABLE drive (
    run_id         text PRIMARY KEY REFERENCES run (run_id),
    settings       text NOT NULL DEFAULT '{}',  -- of this run only; what is not in it is orch.toml's
    paused         bigint NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
    fence          bigint NOT NULL DEFAULT 0,
    until          text NOT NULL DEFAULT '',
    runner_pid     bigint,
    runner_started bigint,
    runner_boot    text,
    runner_until   bigint,
    taken_at       bigint NOT NULL DEFAULT 0,
    CONSTRAINT drive_settings_object CHECK (json_typeof((settings)::json) = 'object')
);

CREATE TABLE drive_pass (
    pass_no    bigint PRIMARY KEY DEFAULT orch_next('drive_pass'),
    run_id     text NOT NULL REFERENCES drive (run_id),
    fence      bigint NOT NULL,
    planner    text NOT NULL,
    snapshot   text NOT NULL,
    decisions  text NOT NULL,
    created_at bigint NOT NULL,
    CONSTRAINT drive_pass_snapshot_json CHECK (((snapshot)::json IS NOT NULL)),
    CONSTRAINT drive_pass_decisions_json CHECK (((decisions)::json IS NOT NULL))
);

CREATE TABLE need (
    need_no  bigint PRIMARY KEY DEFAULT orch_next('need'),
    run_id   text NOT NULL REFERENCES run (run_id),
    task_id  text NOT NULL,  -- '' of a run's own
    kind     text NOT NULL,
    cause    text NOT NULL,  -- what it came of: an event's id as text, or a digest of its words
    who      text NOT NULL,
    text     text NOT NULL,
    command  text NOT NULL,
    since    bigint NOT NULL,
    event_id bigint NOT NULL UNIQUE REFERENCES event (event_id),
    ended_at bigint,
    UNIQUE (run_id, task_id, kind, cause)
);

CREATE TABLE told (
    leader    text NOT NULL,
    run_id    text NOT NULL REFERENCES run (run_id),
    offered   bigint NOT NULL,
    event_id  bigint NOT NULL,
    delivered bigint NOT NULL CHECK (delivered <= offered),
    PRIMARY KEY (leader, run_id)
);

CREATE TABLE notice (
    need_no     bigint NOT NULL REFERENCES need (need_no),
    channel     text NOT NULL,
    due_at      bigint,
    tries       bigint NOT NULL DEFAULT 0,
    reminders   bigint NOT NULL DEFAULT 0,
    sent_at     bigint,
    pid         bigint,  -- of the process that sends it now
    pid_started bigint,
    pid_boot    text,
    problem     text NOT NULL DEFAULT '',
    PRIMARY KEY (need_no, channel)
);

CREATE TABLE refusal (
    task_no  bigint PRIMARY KEY REFERENCES task (task_no),
    kind     text NOT NULL,
    text     text NOT NULL,
    count    bigint NOT NULL,
    at       bigint NOT NULL,
    event_id bigint NOT NULL
);

CREATE TABLE slot (
    run_id        text NOT NULL REFERENCES drive (run_id),
    slot_no       bigint NOT NULL CHECK (slot_no > 0),
    agent         text NOT NULL,
    harness       text NOT NULL DEFAULT '',
    pid           bigint,
    pid_started   bigint,
    pid_boot      text,
    starts        bigint NOT NULL DEFAULT 0,
    not_before_at bigint NOT NULL DEFAULT 0,
    reason        text NOT NULL DEFAULT '',
    since         bigint NOT NULL,
    PRIMARY KEY (run_id, slot_no)
);

CREATE TABLE ticket (
    run_id     text NOT NULL REFERENCES run (run_id),
    sha256     text NOT NULL,
    path       text NOT NULL,
    state      text NOT NULL,
    text       text NOT NULL DEFAULT '',
    event_id   bigint NOT NULL DEFAULT 0,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (run_id, sha256),
    CONSTRAINT ticket_state_known CHECK (state IN ('waiting', 'applied', 'refused'))
);

-- Who sleeps where until when: a change is told to a machine by NOTIFY only where somebody waits.
CREATE TABLE waiter (
    topic   text NOT NULL,
    machine text NOT NULL,
    until   bigint NOT NULL,
    PRIMARY KEY (topic, machine)
) WITH (fillfactor = 50);

INSERT INTO message_text_state (only_row, indexed_through) VALUES (1, 0);

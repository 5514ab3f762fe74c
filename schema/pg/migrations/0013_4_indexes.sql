-- The same as on SQLite, for the same statements; and for full text.

CREATE INDEX thread_claimable ON thread (assigned_to, priority DESC, thread_no)
    WHERE status = 'pending';
CREATE INDEX thread_in_flight ON thread (addressed_to)
    WHERE status IN ('claimed', 'in_progress', 'blocked');
CREATE INDEX thread_of_assignee ON thread (assigned_to, status, last_event);
CREATE INDEX thread_of_creator ON thread (created_by, thread_no);
CREATE INDEX thread_of_run ON thread (run_id, thread_no) WHERE run_id IS NOT NULL;
CREATE INDEX thread_of_status ON thread (status, thread_no);
CREATE INDEX event_of_thread ON event (thread_no, event_id) WHERE thread_no IS NOT NULL;
CREATE INDEX event_of_run ON event (run_id, event_id) WHERE run_id IS NOT NULL;
CREATE UNIQUE INDEX lease_active ON lease (thread_no) WHERE ended_at IS NULL;
CREATE INDEX message_of_thread ON message (thread_no, event_id);
CREATE INDEX agent_folded ON agent (folded);
CREATE INDEX run_open ON run (created_at) WHERE closed_at IS NULL;
CREATE INDEX task_ready_order ON task (run_id, priority DESC, rank, chain DESC, task_no)
    WHERE status = 'ready';
CREATE INDEX task_of_status ON task (run_id, status, last_event);
CREATE INDEX task_by_name ON task (task_id);
CREATE INDEX dependency_reverse ON dependency (depends_on, task_no);
CREATE INDEX held_lock_of_task ON held_lock (task_no);
CREATE UNIQUE INDEX attempt_active ON attempt (task_no)
    WHERE status IN ('dispatched', 'running', 'blocked', 'verifying');
CREATE UNIQUE INDEX attempt_branch_once ON attempt (repo_path, branch_name) WHERE branch_name <> '';
CREATE INDEX dispatch_intent_of_run ON dispatch_intent (run_id);
CREATE INDEX check_result_of_attempt ON check_result (attempt_key, check_name, result_no);
CREATE INDEX check_result_cached ON check_result (cache_key) WHERE cache_key IS NOT NULL;
CREATE UNIQUE INDEX turn_open ON turn (thread_no) WHERE ended_at IS NULL;
CREATE INDEX turn_open_of_run ON turn (run_id, turn_key) WHERE ended_at IS NULL;
CREATE INDEX turn_of_run ON turn (run_id, turn_key) WHERE run_id IS NOT NULL;
CREATE INDEX request_in_planning ON request (run_id)
    WHERE status IN ('planning', 'asked', 'refused', 'failed');
CREATE INDEX request_plan_of_request ON request_plan (request_no, plan_key);
CREATE INDEX task_of_request ON task (request_id) WHERE request_id IS NOT NULL;
CREATE UNIQUE INDEX entry_open_of_attempt ON entry (queue_no, attempt_key)
    WHERE attempt_key IS NOT NULL AND status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally');
CREATE INDEX entry_open ON entry (queue_no, priority DESC, queued_event)
    WHERE status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally');
CREATE INDEX entry_of_task ON entry (task_no, entry_no) WHERE task_no IS NOT NULL;
CREATE INDEX entry_of_run ON entry (run_id, entry_no);
CREATE INDEX entry_reverting ON entry (reverts) WHERE reverts IS NOT NULL;
CREATE INDEX trial_of_tree ON trial (queue_no, tree, checks, trial_no);
CREATE INDEX trial_running ON trial (queue_no) WHERE status = 'running';
CREATE INDEX trial_check_cached ON trial_check (cache_key) WHERE cache_key IS NOT NULL;
CREATE INDEX approval_of_head ON approval (head_commit, approval_no);
CREATE INDEX queue_pass_of_queue ON queue_pass (queue_no, pass_no);
CREATE INDEX place_unmade ON place (attempt_key) WHERE made_at IS NULL;
CREATE INDEX drive_pass_of_run ON drive_pass (run_id, pass_no);
CREATE INDEX need_open ON need (run_id) WHERE ended_at IS NULL;
CREATE INDEX notice_due ON notice (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX ticket_of_path ON ticket (run_id, path, updated_at);
CREATE INDEX attempt_begun_for ON attempt (task_no) WHERE begun_for <> '';
CREATE INDEX message_words ON message_text USING gin (words);

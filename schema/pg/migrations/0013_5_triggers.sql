-- What the store itself refuses, also to a psql shell.

CREATE TRIGGER thread_transition BEFORE UPDATE OF status ON thread FOR EACH ROW
    WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION orch_transition('thread');

CREATE TRIGGER thread_starts_pending BEFORE INSERT ON thread FOR EACH ROW
    WHEN (NEW.status <> 'pending')
    EXECUTE FUNCTION orch_refuse('thread: starts pending');

CREATE TRIGGER thread_epoch_steps BEFORE UPDATE OF epoch ON thread FOR EACH ROW
    WHEN (NEW.epoch NOT IN (OLD.epoch, OLD.epoch + 1))
    EXECUTE FUNCTION orch_refuse('thread: epoch must rise by one');

CREATE TRIGGER thread_stays BEFORE DELETE ON thread FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('thread: never deleted');

CREATE FUNCTION event_gapless() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.event_id > 1 AND NOT EXISTS (SELECT 1 FROM event WHERE event_id = NEW.event_id - 1) THEN
        RAISE EXCEPTION USING MESSAGE = 'event: ids have no gaps', ERRCODE = 'OR900';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER event_gapless AFTER INSERT ON event FOR EACH ROW
    EXECUTE FUNCTION event_gapless();

CREATE TRIGGER event_frozen BEFORE UPDATE ON event FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('event: append-only');

CREATE TRIGGER event_stays BEFORE DELETE ON event FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('event: append-only');

CREATE TRIGGER lease_stays_ended BEFORE UPDATE ON lease FOR EACH ROW
    WHEN (OLD.ended_at IS NOT NULL)
    EXECUTE FUNCTION orch_refuse('lease: an ended lease is history');

CREATE TRIGGER lease_stays BEFORE DELETE ON lease FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('lease: never deleted');

CREATE TRIGGER message_frozen BEFORE UPDATE ON message FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('message: append-only');

CREATE TRIGGER message_stays BEFORE DELETE ON message FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('message: append-only');

CREATE TRIGGER artifact_frozen BEFORE UPDATE ON artifact FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('artifact: append-only');

CREATE TRIGGER artifact_stays BEFORE DELETE ON artifact FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('artifact: append-only');

CREATE TRIGGER cursor_never_back BEFORE UPDATE ON cursor FOR EACH ROW
    WHEN (NEW.last_read < OLD.last_read)
    EXECUTE FUNCTION orch_refuse('cursor: never goes back');

CREATE TRIGGER idempotency_key_frozen BEFORE UPDATE ON idempotency_key FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('idempotency_key: append-only');

CREATE TRIGGER task_transition BEFORE UPDATE OF status ON task FOR EACH ROW
    WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION orch_transition('task');

CREATE TRIGGER task_starts_unworked BEFORE INSERT ON task FOR EACH ROW
    WHEN (NEW.status NOT IN ('planned', 'ready'))
    EXECUTE FUNCTION orch_refuse('task: starts planned or ready');

CREATE FUNCTION run_tally_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO run_tally (run_id) VALUES (NEW.run_id);
    RETURN NULL;
END $$;
CREATE TRIGGER run_tally_begun AFTER INSERT ON run FOR EACH ROW
    EXECUTE FUNCTION run_tally_begun();

CREATE FUNCTION run_tally_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE run_tally SET
        planned = planned + (NEW.status = 'planned')::int,
        ready = ready + (NEW.status = 'ready')::int
     WHERE run_id = NEW.run_id;
    RETURN NULL;
END $$;
CREATE TRIGGER run_tally_added AFTER INSERT ON task FOR EACH ROW
    EXECUTE FUNCTION run_tally_added();

CREATE FUNCTION run_tally_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE run_tally SET
        planned = planned - (OLD.status = 'planned')::int + (NEW.status = 'planned')::int,
        ready = ready - (OLD.status = 'ready')::int + (NEW.status = 'ready')::int,
        dispatched = dispatched - (OLD.status = 'dispatched')::int + (NEW.status = 'dispatched')::int,
        running = running - (OLD.status = 'running')::int + (NEW.status = 'running')::int,
        blocked = blocked - (OLD.status = 'blocked')::int + (NEW.status = 'blocked')::int,
        verifying = verifying - (OLD.status = 'verifying')::int + (NEW.status = 'verifying')::int,
        done = done - (OLD.status = 'done')::int + (NEW.status = 'done')::int,
        failed = failed - (OLD.status = 'failed')::int + (NEW.status = 'failed')::int,
        cancelled = cancelled - (OLD.status = 'cancelled')::int + (NEW.status = 'cancelled')::int
     WHERE run_id = NEW.run_id;
    RETURN NULL;
END $$;
CREATE TRIGGER run_tally_moved AFTER UPDATE OF status ON task FOR EACH ROW
    WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION run_tally_moved();

CREATE TRIGGER check_result_frozen BEFORE UPDATE ON check_result FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('check_result: append-only');

CREATE TRIGGER council_frozen BEFORE UPDATE ON council FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council: what was asked is history');

CREATE TRIGGER council_stays BEFORE DELETE ON council FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council: never deleted');

CREATE TRIGGER council_reviewer_frozen BEFORE UPDATE ON council_reviewer FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_reviewer: the roster is history');

CREATE TRIGGER council_reviewer_stays BEFORE DELETE ON council_reviewer FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_reviewer: never deleted');

CREATE FUNCTION council_tally_steps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.revision <> 1 + coalesce(
    (SELECT max(revision) FROM council_tally WHERE run_id = NEW.run_id), 0) THEN
        RAISE EXCEPTION USING MESSAGE = 'council_tally: revisions rise by one', ERRCODE = 'OR900';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER council_tally_steps BEFORE INSERT ON council_tally FOR EACH ROW
    EXECUTE FUNCTION council_tally_steps();

CREATE TRIGGER council_tally_frozen BEFORE UPDATE ON council_tally FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_tally: append-only');

CREATE TRIGGER council_tally_stays BEFORE DELETE ON council_tally FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_tally: append-only');

CREATE TRIGGER council_report_frozen BEFORE UPDATE ON council_report FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_report: append-only');

CREATE TRIGGER council_report_stays BEFORE DELETE ON council_report FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_report: append-only');

CREATE TRIGGER request_transition BEFORE UPDATE OF status ON request FOR EACH ROW
    WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION orch_transition('request');

CREATE TRIGGER request_plan_frozen BEFORE UPDATE ON request_plan FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('request_plan: append-only');

CREATE TRIGGER announcement_never_back BEFORE UPDATE ON announcement FOR EACH ROW
    WHEN (NEW.through < OLD.through)
    EXECUTE FUNCTION orch_refuse('announcement: never goes back');

CREATE TRIGGER queue_fence_rises BEFORE UPDATE OF fence ON queue FOR EACH ROW
    WHEN (NEW.fence < OLD.fence)
    EXECUTE FUNCTION orch_refuse('queue: the fence never goes back');

CREATE TRIGGER entry_transition BEFORE UPDATE OF status ON entry FOR EACH ROW
    WHEN (OLD.status <> NEW.status) EXECUTE FUNCTION orch_transition('entry');

CREATE TRIGGER entry_starts_queued BEFORE INSERT ON entry FOR EACH ROW
    WHEN (NEW.status <> 'queued')
    EXECUTE FUNCTION orch_refuse('entry: starts queued');

CREATE TRIGGER entry_head_frozen BEFORE UPDATE OF head_commit, attempt_key, queue_no, strategy ON entry FOR EACH ROW
    WHEN (OLD.head_commit <> NEW.head_commit OR OLD.attempt_key IS DISTINCT FROM NEW.attempt_key
  OR OLD.queue_no <> NEW.queue_no OR OLD.strategy <> NEW.strategy)
    EXECUTE FUNCTION orch_refuse('entry: its head is frozen');

CREATE TRIGGER trial_frozen BEFORE UPDATE ON trial FOR EACH ROW
    WHEN (OLD.status <> 'running')
    EXECUTE FUNCTION orch_refuse('trial: its result is final');

CREATE TRIGGER approval_frozen BEFORE UPDATE ON approval FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('approval: append-only');

CREATE TRIGGER approval_kept BEFORE DELETE ON approval FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('approval: append-only');

CREATE FUNCTION landing_intent_was_tested() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM trial WHERE queue_no = NEW.queue_no AND tree = NEW.tree AND status = 'passed') THEN
        RAISE EXCEPTION USING MESSAGE = 'landing_intent: its tree was never tested', ERRCODE = 'OR900';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER landing_intent_was_tested BEFORE INSERT ON landing_intent FOR EACH ROW
    EXECUTE FUNCTION landing_intent_was_tested();

CREATE TRIGGER queue_pass_frozen BEFORE UPDATE ON queue_pass FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('queue_pass: append-only');

CREATE TRIGGER queue_pass_kept BEFORE DELETE ON queue_pass FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('queue_pass: append-only');

CREATE TRIGGER council_cross_frozen BEFORE UPDATE ON council_cross FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_cross: what was shown is history');

CREATE TRIGGER council_cross_stays BEFORE DELETE ON council_cross FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_cross: never deleted');

CREATE TRIGGER council_decline_frozen BEFORE UPDATE ON council_decline FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_decline: a word that was given is history');

CREATE TRIGGER council_decline_stays BEFORE DELETE ON council_decline FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('council_decline: never deleted');

CREATE TRIGGER drive_fence_rises BEFORE UPDATE OF fence ON drive FOR EACH ROW
    WHEN (NEW.fence < OLD.fence)
    EXECUTE FUNCTION orch_refuse('drive: a fence never falls');

CREATE TRIGGER drive_pass_frozen BEFORE UPDATE ON drive_pass FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('drive_pass: append-only');

CREATE TRIGGER drive_pass_kept BEFORE DELETE ON drive_pass FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('drive_pass: append-only');

CREATE TRIGGER ticket_stays_applied BEFORE UPDATE ON ticket FOR EACH ROW
    WHEN (OLD.state = 'applied')
    EXECUTE FUNCTION orch_refuse('ticket: what was applied is history');

CREATE TRIGGER ticket_stays BEFORE DELETE ON ticket FOR EACH ROW
    EXECUTE FUNCTION orch_refuse('ticket: never deleted');

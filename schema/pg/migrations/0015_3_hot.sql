-- The hot commands, one call each: the lock is held for as long as the change and its fsync take, and
-- no round trip. A changed one gets a new name (…_v2), so that older programs go on.

CREATE FUNCTION send_v1(
    sender text, receiver text, subject text, kind text, priority bigint, thread text, minted text,
    run text, task text, wait_ms bigint, max_claims bigint, expects text, only_new boolean,
    summary text, body text, payload text, artifacts text, named text,
    verb text, key text, arguments text, here text, seen bigint, tx bigint)
RETURNS hot_answer_v1 LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = 10000 AS $$
DECLARE
    now bigint := hot_begin_v1(seen, tx);
    t thread;
    e bigint;
    answer text;
BEGIN
    PERFORM hot_key_v1(sender, verb, key);
    SELECT * INTO t FROM thread AS x WHERE x.thread_id = thread;
    IF t.thread_no IS NOT NULL THEN
        IF only_new THEN
            PERFORM hot_not_v1('OR015', 'flag');
        END IF;
        PERFORM hot_open_v1(t);
        e := hot_append_v1('thread_send', t, hot_lease_v1(t.thread_no), sender,
                           coalesce(receiver, hot_other_v1(t, sender)), kind, summary, body, payload,
                           NULL, artifacts, tx, now);
    ELSIF receiver IS NULL OR coalesce(subject, '') = '' THEN
        PERFORM hot_not_v1('OR015', 'flag');
    ELSE
        t.thread_id := coalesce(thread, minted);
        IF EXISTS (SELECT 1 FROM thread AS x WHERE x.thread_id = t.thread_id) THEN
            PERFORM hot_not_v1('OR006', 'taken');
        END IF;
        SELECT coalesce(max(x.thread_no), 0) + 1 INTO t.thread_no FROM thread AS x;
        t.run_id := run;
        t.task_id := task;
        t.assigned_to := receiver;
        e := hot_event_v1('thread_send', sender, t, 'pending',
                          '{"opened":true,"addressed_to":' || to_json(receiver) || '}', tx, now);
        INSERT INTO thread (thread_no, thread_id, run_id, task_id, owned_by_run, subject, summary,
                            status, priority, created_by, addressed_to, assigned_to, max_claims,
                            not_before_at, expects, last_event, last_message, created_at, updated_at)
        VALUES (t.thread_no, t.thread_id, run, task, 0, subject, summary, 'pending', priority, sender,
                receiver, receiver, max_claims, CASE WHEN wait_ms > 0 THEN now + wait_ms ELSE 0 END,
                expects, e, e, now, now);
        PERFORM hot_message_v1(e, t.thread_no, kind, sender, receiver, summary, body, payload, NULL,
                               artifacts, now);
    END IF;
    PERFORM hot_note_v1(ARRAY[sender, named], now);
    answer := hot_changed_v1(t.thread_no, e, false) || '}';
    PERFORM hot_keep_v1(sender, verb, key, arguments, answer, now);
    RETURN hot_told_v1(answer, e, t, t.epoch,
                       CASE WHEN t.created_by IS NULL THEN ' agent=' || receiver ELSE '' END, here, now);
END $$;

CREATE FUNCTION reply_v1(
    sender text, receiver text, kind text, thread text, token bigint, reply_to bigint,
    summary text, body text, payload text, artifacts text, named text,
    verb text, key text, arguments text, here text, seen bigint, tx bigint)
RETURNS hot_answer_v1 LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = 10000 AS $$
DECLARE
    now bigint := hot_begin_v1(seen, tx);
    t thread := hot_thread_v1(thread);
    l lease := hot_lease_v1(t.thread_no);
    e bigint;
    answer text;
BEGIN
    PERFORM hot_key_v1(sender, verb, key);
    PERFORM hot_open_v1(t);
    IF token IS NOT NULL THEN
        PERFORM hot_holder_v1(t, l, sender, token, now);
    END IF;
    receiver := coalesce(receiver, hot_other_v1(t, sender));
    IF reply_v1.reply_to IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM message AS m WHERE m.event_id = reply_v1.reply_to AND m.thread_no = t.thread_no) THEN
        PERFORM hot_not_v1('OR002', 'not_found');
    END IF;
    e := hot_append_v1('thread_reply', t, l, sender, receiver, kind, summary, body, payload, reply_to,
                       artifacts, tx, now);
    PERFORM hot_note_v1(ARRAY[sender, named], now);
    answer := hot_changed_v1(t.thread_no, e, false) || '}';
    PERFORM hot_keep_v1(sender, verb, key, arguments, answer, now);
    RETURN hot_told_v1(answer, e, t, t.epoch, '', here, now);
END $$;

CREATE FUNCTION claim_v1(
    agent text, thread text, pools text[], ttl bigint, most bigint,
    verb text, key text, arguments text, here text, seen bigint, tx bigint)
RETURNS hot_answer_v1 LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = 10000 AS $$
DECLARE
    now bigint := hot_begin_v1(seen, tx);
    t thread := hot_thread_v1(thread);
    e bigint;
    answer text;
BEGIN
    PERFORM hot_key_v1(agent, verb, key);
    e := hot_take_v1(t, agent, pools, ttl, tx, now);
    answer := hot_taken_v1(t.thread_no, e, most, now);
    PERFORM hot_keep_v1(agent, verb, key, arguments, answer, now);
    RETURN hot_told_v1(answer, e, t, t.epoch + 1, '', here, now);
END $$;

-- Nobody's lock is taken where nothing is offered.
CREATE FUNCTION claim_next_v1(
    agent text, pools text[], ttl bigint, most bigint,
    verb text, key text, arguments text, here text, seen bigint, tx bigint)
RETURNS hot_answer_v1 LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = 10000 AS $$
DECLARE
    now bigint := (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
    offered text;
    t thread;
    e bigint;
    answer text;
BEGIN
    IF hot_offered_v1(agent, agent || pools, now) IS NULL THEN
        PERFORM hot_once_v1(seen, tx);  -- After the look: it may be this very call that took it.
        PERFORM hot_not_v1('OR007', 'empty');
    END IF;
    now := hot_begin_v1(seen, tx);
    PERFORM hot_key_v1(agent, verb, key);
    offered := hot_offered_v1(agent, agent || pools, now);
    IF offered IS NULL THEN
        PERFORM hot_not_v1('OR007', 'empty');
    END IF;
    t := hot_thread_v1(offered);
    e := hot_take_v1(t, agent, pools, ttl, tx, now);
    answer := hot_taken_v1(t.thread_no, e, most, now);
    PERFORM hot_keep_v1(agent, verb, key, arguments, answer, now);
    RETURN hot_told_v1(answer, e, t, t.epoch + 1, '', here, now);
END $$;

CREATE FUNCTION renew_v1(
    agent text, thread text, token bigint, ttl bigint,
    verb text, key text, arguments text, here text, seen bigint, tx bigint)
RETURNS hot_answer_v1 LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = 10000 AS $$
DECLARE
    now bigint := hot_begin_v1(seen, tx);
    t thread := hot_thread_v1(thread);
    l lease := hot_lease_v1(t.thread_no);
    is_late boolean;
    asked boolean;
    e bigint;
    answer text;
BEGIN
    PERFORM hot_key_v1(agent, verb, key);
    is_late := hot_holder_v1(t, l, agent, token, now);
    ttl := coalesce(ttl, l.ttl_ms);
    PERFORM hot_refresh_v1(l, ttl, now);
    e := hot_event_v1('thread_renew', agent, t, t.status, '{}', tx, now);
    UPDATE thread AS x SET last_event = e, last_message = e, updated_at = now
     WHERE x.thread_no = t.thread_no;
    PERFORM hot_message_v1(e, t.thread_no, 'event', agent, t.created_by, 'lease renewed', '',
                           '{"lease_seconds":' || CASE WHEN ttl % 1000 = 0 THEN (ttl / 1000)::text
                               ELSE (ttl / 1000.0::float8)::text END || '}', NULL, '[]', now);
    asked := EXISTS (SELECT 1 FROM message AS m
                      WHERE m.thread_no = t.thread_no AND m.event_id > l.claim_event
                        AND m.kind = 'control' AND m.to_agent = agent);
    answer := hot_changed_v1(t.thread_no, e, is_late) || ',"lease":' || orch_lease_v1(t.thread_no, now)
        || ',"cancel_requested":' || asked || '}';
    PERFORM hot_keep_v1(agent, verb, key, arguments, answer, now);
    RETURN hot_told_v1(answer, e, t, t.epoch, '', here, now);
END $$;

CREATE FUNCTION update_v1(
    agent text, thread text, token bigint, status text,
    summary text, body text, payload text, artifacts text,
    verb text, key text, arguments text, here text, seen bigint, tx bigint)
RETURNS hot_answer_v1 LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = 10000 AS $$
DECLARE
    now bigint := hot_begin_v1(seen, tx);
    t thread := hot_thread_v1(thread);
    l lease := hot_lease_v1(t.thread_no);
    is_late boolean;
    e bigint;
    answer text;
BEGIN
    PERFORM hot_key_v1(agent, verb, key);
    is_late := hot_holder_v1(t, l, agent, token, now);
    e := hot_event_v1('thread_update', agent, t, update_v1.status, '{}', tx, now);
    UPDATE thread AS x
       SET status = update_v1.status, last_event = e, last_message = e, updated_at = now
     WHERE x.thread_no = t.thread_no AND x.epoch = t.epoch;
    PERFORM hot_refresh_v1(l, l.ttl_ms, now);
    PERFORM hot_message_v1(e, t.thread_no,
                           CASE WHEN update_v1.status = 'blocked' THEN 'question' ELSE 'progress' END,
                           agent, t.created_by, summary, body, payload, NULL, artifacts, now);
    answer := hot_changed_v1(t.thread_no, e, is_late) || '}';
    PERFORM hot_keep_v1(agent, verb, key, arguments, answer, now);
    RETURN hot_told_v1(answer, e, t, t.epoch, '', here, now);
END $$;

-- done and fail. A token makes the same command again a replay; `pools` NULL: nothing is taken after it.
CREATE FUNCTION finish_v1(
    agent text, thread text, token bigint, target text, verdict text, pools text[], ttl bigint,
    most bigint, summary text, body text, payload text, artifacts text,
    verb text, key text, by_token text, arguments text, here text, seen bigint, tx bigint)
RETURNS hot_answer_v1 LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = 10000 AS $$
DECLARE
    now bigint := hot_begin_v1(seen, tx);
    t thread := hot_thread_v1(thread);
    l lease := hot_lease_v1(t.thread_no);
    n thread;
    is_late boolean;
    e bigint;
    answer text;
    claimed text;
BEGIN
    PERFORM hot_key_v1(agent, verb, key);
    PERFORM hot_key_v1(agent, verb, by_token);
    IF t.status = 'cancelled' AND EXISTS (
        SELECT 1 FROM lease AS x WHERE x.thread_no = t.thread_no AND x.epoch = t.epoch
           AND x.holder = agent AND (token IS NULL OR token = x.epoch)) THEN
        PERFORM hot_not_v1('OR013', 'superseded');
    END IF;
    is_late := hot_holder_v1(t, l, agent, token, now);
    IF target = 'done' AND EXISTS (SELECT 1 FROM delivery AS d WHERE d.thread_no = t.thread_no) THEN
        PERFORM hot_not_v1('OR008', 'delivery');  -- A remote has to have its work first.
    END IF;
    e := hot_event_v1('thread_result', agent, t, target,
                      '{"late":' || is_late || CASE verdict WHEN 'retryable' THEN ',"retryable":true'
                          WHEN 'permanent' THEN ',"retryable":false' ELSE '' END || '}', tx, now);
    UPDATE thread AS x
       SET status = target, reason = coalesce(verdict, x.reason), last_event = e, last_message = e,
           updated_at = now
     WHERE x.thread_no = t.thread_no AND x.epoch = t.epoch;
    UPDATE lease AS x SET ended_at = now, ended_by = CASE target WHEN 'done' THEN 'done' ELSE 'fail' END
     WHERE x.thread_no = t.thread_no AND x.ended_at IS NULL;
    PERFORM hot_message_v1(e, t.thread_no, 'result', agent, t.created_by, summary, body, payload, NULL,
                           artifacts, now);
    answer := hot_changed_v1(t.thread_no, e, is_late);
    IF pools IS NOT NULL THEN
        n.thread_id := hot_offered_v1(agent, agent || pools, now);
        IF n.thread_id IS NOT NULL THEN
            n := hot_thread_v1(n.thread_id);
            claimed := hot_taken_v1(n.thread_no, hot_take_v1(n, agent, pools, ttl, tx, now), most, now);
        END IF;
        answer := answer || ',"claimed":' || coalesce(claimed, 'null');
    END IF;
    answer := answer || '}';
    PERFORM hot_keep_v1(agent, verb, key, arguments, answer, now);
    PERFORM hot_keep_v1(agent, verb, by_token, arguments, answer, now);
    RETURN hot_told_v1(answer, e, t, n.epoch + 1,
                       coalesce(' thread=' || n.thread_id, '') || coalesce(' run=' || n.run_id, ''),
                       here, now);
END $$;

-- What there is for somebody, in one look and so at one moment.
CREATE FUNCTION fetch_v1(reader text, offers json, unread_only boolean, most bigint)
RETURNS TABLE (threads text, counted bigint, newest bigint)
LANGUAGE plpgsql STABLE SET search_path FROM CURRENT AS $$
BEGIN
    RETURN QUERY SELECT '[' || coalesce(string_agg(
             left(f.document, -1) || ',"unread":' || coalesce(f.unread::text, 'null') || '}', ','
             ORDER BY f.last_event DESC), '') || ']', count(*),
         (SELECT c.last FROM counter AS c WHERE c.name = 'event')
    FROM (SELECT v.document, t.last_event,
                 CASE WHEN reader IS NOT NULL THEN
                     (SELECT count(*) FROM message AS m
                       WHERE m.thread_no = t.thread_no AND m.event_id > coalesce(
                             (SELECT c.last_read FROM cursor AS c
                               WHERE c.agent = reader AND c.thread_no = t.thread_no), 0)) END AS unread
            FROM (SELECT c.thread_no, c.last_event
                    FROM json_array_elements(offers) AS o
                   CROSS JOIN LATERAL (
                         SELECT n.thread_no, n.last_event FROM thread AS n
                          WHERE n.assigned_to = o.value ->> 0 AND n.status = o.value ->> 1
                            AND (NOT unread_only OR n.last_message > coalesce(
                                (SELECT x.last_read FROM cursor AS x
                                  WHERE x.agent = reader AND x.thread_no = n.thread_no), 0))
                          ORDER BY n.last_event DESC LIMIT most) AS c
                   ORDER BY c.last_event DESC LIMIT most) AS t
            JOIN thread_view AS v ON v.thread_no = t.thread_no) AS f;
END $$;

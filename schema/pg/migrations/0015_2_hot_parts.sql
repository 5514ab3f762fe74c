-- What the hot commands of 0015_3_hot.sql share. A case that is not the plain one (a refusal, a
-- replay, a look-alike name) is raised as SQLSTATE OR… with its reason, and nothing was done: the
-- operation of the same name says it in words (inbox/hot.py). So each rule here may be stricter than
-- the operation's and must never be laxer; tests/pg/test_hot.py compares them. In plpgsql, whose plans a
-- connection keeps: one in SQL is planned anew at each call.

CREATE TYPE hot_answer_v1 AS (
    answer     text,
    event_id   bigint,
    thread_id  text,
    epoch      bigint,
    topics     text,
    is_awaited boolean
);

CREATE FUNCTION hot_not_v1(state text, reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = state, MESSAGE = reason;
END $$;

-- The store's lock: the counter's row, behind a queue of those who come for it. Without the queue each
-- commit makes a new version of the row, and all that wait for it wake up to wait for the new one.
CREATE FUNCTION store_lock_v1() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1835363, 'counter'::regclass::oid::int);
    PERFORM 1 FROM counter WHERE name = 'event' FOR UPDATE;
END $$;

-- The same call again, after its answer was lost, is told apart by its transaction's number: `seen` is
-- an event from before it.
CREATE FUNCTION hot_once_v1(seen bigint, tx bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF seen IS NULL THEN  -- Called for the first time; a look walks the log, whatever `seen` is.
        RETURN;
    END IF;
    IF EXISTS (SELECT 1 FROM event AS e WHERE e.event_id > seen AND e.tx_id = tx) THEN
        PERFORM hot_not_v1('OR001', 'done_before');
    END IF;
END $$;

-- The lock, and the time that it was had.
CREATE FUNCTION hot_begin_v1(seen bigint, tx bigint) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM store_lock_v1();
    PERFORM hot_once_v1(seen, tx);
    RETURN (extract(epoch FROM clock_timestamp()) * 1000)::bigint;
END $$;

CREATE FUNCTION hot_thread_v1(wanted text) RETURNS thread LANGUAGE plpgsql AS $$
DECLARE t thread;
BEGIN
    SELECT * INTO t FROM thread AS x WHERE x.thread_id = wanted;
    IF t.thread_no IS NULL THEN
        PERFORM hot_not_v1('OR002', 'not_found');
    END IF;
    RETURN t;
END $$;

CREATE FUNCTION hot_lease_v1(of_thread bigint) RETURNS lease LANGUAGE plpgsql AS $$
DECLARE l lease;
BEGIN
    SELECT * INTO l FROM lease AS x WHERE x.thread_no = of_thread AND x.ended_at IS NULL;
    RETURN l;
END $$;

-- schema/clock.py: a lease of a store that was a file may be of a machine's own clock.
CREATE FUNCTION hot_left_v1(l lease, now bigint) RETURNS bigint LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE left_ms bigint := CASE WHEN l.clock_domain = 'server' THEN l.boot_deadline
                               ELSE l.wall_deadline END - now;
BEGIN
    RETURN CASE WHEN left_ms > l.ttl_ms + 5000 THEN 0 ELSE left_ms END;
END $$;

CREATE FUNCTION hot_key_v1(actor text, verb text, key text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF key IS NOT NULL AND EXISTS (
        SELECT 1 FROM idempotency_key AS k
         WHERE k.actor = $1 AND k.verb = $2 AND k.key = $3) THEN
        PERFORM hot_not_v1('OR003', 'kept');
    END IF;
END $$;

CREATE FUNCTION hot_keep_v1(actor text, verb text, key text, arguments text, answer text, now bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF key IS NOT NULL THEN
        INSERT INTO idempotency_key (actor, verb, key, arguments, answer, created_at)
        VALUES (actor, verb, key, arguments, answer, now);
    END IF;
END $$;

CREATE FUNCTION hot_event_v1(kind text, actor text, t thread, status text, payload text, tx bigint,
                             now bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE e bigint;
BEGIN
    UPDATE counter SET last = last + 1 WHERE name = 'event' RETURNING last INTO e;
    INSERT INTO event (event_id, event_type, actor, thread_no, run_id, task_id, status, assigned_to,
                       payload, tx_id, created_at)
    VALUES (e, kind, actor, t.thread_no, t.run_id, t.task_id, status, t.assigned_to, payload, tx, now);
    RETURN e;
END $$;

CREATE FUNCTION hot_message_v1(e bigint, t bigint, kind text, sender text, receiver text,
                               summary text, body text, payload text, reply_to bigint,
                               artifacts text, now bigint)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO message (event_id, thread_no, kind, from_agent, to_agent, summary, body, payload,
                         reply_to, created_at)
    VALUES (e, t, kind, sender, receiver, summary, body, payload, reply_to, now);
    IF artifacts <> '[]' THEN
        INSERT INTO artifact (event_id, ordinal, path, kind, metadata, size, sha256, copied)
        SELECT e, a.place - 1, a.one ->> 0, a.one ->> 1, a.one ->> 2, (a.one ->> 3)::bigint,
               a.one ->> 4, (a.one ->> 5)::bigint
          FROM json_array_elements(artifacts::json) WITH ORDINALITY AS a (one, place)
         ORDER BY a.place;
    END IF;
END $$;

-- First sight of a name; one that differs from another in case alone is worth a word.
CREATE FUNCTION hot_note_v1(names text[], now bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE n text;
BEGIN
    FOREACH n IN ARRAY names LOOP
        CONTINUE WHEN n IS NULL;
        IF NOT EXISTS (SELECT 1 FROM agent AS a WHERE a.name = n) THEN
            INSERT INTO agent (name, folded, first_at) VALUES (n, lower(n), now);
        END IF;
        IF EXISTS (SELECT 1 FROM agent AS a WHERE a.folded = lower(n) AND a.name <> n) THEN
            PERFORM hot_not_v1('OR004', 'lookalike');
        END IF;
    END LOOP;
END $$;

CREATE FUNCTION hot_open_v1(t thread) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF t.status IN ('done', 'failed', 'cancelled') THEN
        PERFORM hot_not_v1('OR010', 'terminal');
    END IF;
END $$;

-- The lease is the agent's (I4): expiry does not fence, a claim does. Returns whether it is late.
CREATE FUNCTION hot_holder_v1(t thread, l lease, agent text, token bigint, now bigint)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE is_late boolean := hot_left_v1(l, now) <= 0;
BEGIN
    PERFORM hot_open_v1(t);
    IF l.epoch IS NULL THEN
        PERFORM hot_not_v1('OR011', 'no_lease');
    ELSIF token > t.epoch THEN
        PERFORM hot_not_v1('OR012', 'bad_token');
    ELSIF token < l.epoch THEN
        PERFORM hot_not_v1('OR013', 'superseded');
    ELSIF l.holder = agent THEN
        RETURN is_late;
    ELSIF EXISTS (SELECT 1 FROM lease AS x WHERE x.thread_no = t.thread_no AND x.holder = agent) THEN
        PERFORM hot_not_v1('OR013', 'superseded');
    ELSIF is_late THEN
        PERFORM hot_not_v1('OR011', 'no_lease');
    END IF;
    PERFORM hot_not_v1('OR014', 'held');
END $$;

-- Whom a message is for when nobody is named.
CREATE FUNCTION hot_other_v1(t thread, sender text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    IF sender = t.created_by THEN
        RETURN t.assigned_to;
    ELSIF sender = t.assigned_to THEN
        RETURN t.created_by;
    END IF;
    PERFORM hot_not_v1('OR015', 'flag');
END $$;

CREATE FUNCTION hot_refresh_v1(l lease, ttl bigint, now bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE lease AS x SET ttl_ms = ttl, clock_domain = 'server', boot_deadline = now + ttl,
                          wall_deadline = now + ttl
     WHERE x.thread_no = l.thread_no AND x.epoch = l.epoch AND x.ended_at IS NULL;
END $$;

-- A message in an open thread, whose status stays; a holder's renews its lease.
CREATE FUNCTION hot_append_v1(event_type text, t thread, l lease, sender text, receiver text,
                              kind text, summary text, body text, payload text, reply_to bigint,
                              artifacts text, tx bigint, now bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE e bigint := hot_event_v1(event_type, sender, t, t.status, '{}', tx, now);
BEGIN
    UPDATE thread AS x SET last_event = e, last_message = e, updated_at = now
     WHERE x.thread_no = t.thread_no;
    PERFORM hot_message_v1(e, t.thread_no, kind, sender, receiver, summary, body, payload, reply_to,
                           artifacts, now);
    IF l.holder = sender THEN
        PERFORM hot_refresh_v1(l, l.ttl_ms, now);
    END IF;
    RETURN e;
END $$;

-- A lease as it is published, but for its token.
CREATE FUNCTION orch_lease_v1(of_thread bigint, now bigint) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT (SELECT row_to_json(r_) FROM (SELECT
    epoch AS "epoch",
    holder AS "holder",
    orch_iso(wall_deadline) AS "expires_at",
    CASE WHEN ttl_ms % 1000 = 0 THEN (ttl_ms / 1000)::text::json
         ELSE orch_real(ttl_ms / 1000.0::float8) END AS "ttl_seconds",
    orch_real(greatest(0, CASE WHEN clock_domain = 'server' THEN boot_deadline
                               ELSE wall_deadline END - now) / 1000.0::float8)
        AS "remaining_seconds") AS r_)::text
    FROM lease WHERE thread_no = of_thread AND ended_at IS NULL);
END $$;

-- The answer of a change, its end still open: inbox/cli/call.py `changed`.
CREATE FUNCTION hot_changed_v1(t bigint, e bigint, is_late boolean) RETURNS text
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN '{"thread":' || (SELECT document FROM thread_view WHERE thread_no = t)
        || ',"message":' || (SELECT document FROM message_view WHERE event_id = e)
        || ',"event_id":' || e || CASE WHEN is_late THEN ',"late":true' ELSE '' END;
END $$;

-- Who is to be woken; `here` is this machine, whose own waiters need no server.
CREATE FUNCTION hot_told_v1(answer text, e bigint, t thread, epoch bigint, more text, here text,
                            now bigint)
RETURNS hot_answer_v1 LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (answer, e, t.thread_id, epoch,
            'any thread=' || t.thread_id || coalesce(' run=' || t.run_id, '') || more,
            EXISTS (SELECT 1 FROM waiter AS w WHERE w.machine <> here AND w.until > now));
END $$;

-- The best thread that is offered: inbox/store/threads.py `offered`. A seek for each addressee: a
-- join by value would sort, or hash, every pending thread.
CREATE FUNCTION hot_offered_v1(agent text, addressees text[], now bigint) RETURNS text
LANGUAGE plpgsql STABLE AS $$
DECLARE
    name text;
    best record;
    found record;
BEGIN
    SELECT NULL::text AS thread_id, -1::bigint AS priority, 0::bigint AS thread_no INTO best;
    FOREACH name IN ARRAY addressees LOOP
        FOR found IN
            (SELECT p.thread_id, p.priority, p.thread_no FROM thread AS p
              WHERE p.assigned_to = name AND p.status = 'pending' AND p.not_before_at <= now
              ORDER BY p.priority DESC, p.thread_no LIMIT 1)
             UNION ALL
            (SELECT t.thread_id, t.priority, t.thread_no
               FROM thread AS t
               JOIN lease AS l ON l.thread_no = t.thread_no AND l.ended_at IS NULL
              WHERE t.addressed_to = name AND t.status IN ('claimed', 'in_progress', 'blocked')
                AND (t.owned_by_run = 0 OR l.holder = agent)
                AND (CASE WHEN l.clock_domain = 'server' THEN l.boot_deadline
                          ELSE l.wall_deadline END - now) NOT BETWEEN 1 AND l.ttl_ms + 5000
              ORDER BY t.priority DESC, t.thread_no LIMIT 1)
        LOOP
            IF (found.priority, -found.thread_no) > (best.priority, -best.thread_no) THEN
                best := found;
            END IF;
        END LOOP;
    END LOOP;
    RETURN best.thread_id;
END $$;

-- The thread is the agent's under a new epoch (I3); returns the event.
CREATE FUNCTION hot_take_v1(t thread, agent text, pools text[], ttl bigint, tx bigint, now bigint)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    l lease := hot_lease_v1(t.thread_no);
    lost bigint := t.lost_leases;
    e bigint;
BEGIN
    IF l.epoch IS NULL THEN
        PERFORM hot_open_v1(t);
        IF t.owned_by_run = 1 AND t.epoch > 0
           AND NOT (t.addressed_to = agent OR t.addressed_to = ANY (pools)) THEN
            PERFORM hot_not_v1('OR016', 'owned_by_run');
        ELSIF t.not_before_at > now THEN
            PERFORM hot_not_v1('OR017', 'not_yet');
        END IF;
    ELSE
        IF hot_left_v1(l, now) > 0 THEN
            PERFORM hot_not_v1(CASE WHEN l.holder = agent THEN 'OR018' ELSE 'OR014' END,
                               CASE WHEN l.holder = agent THEN 'already_yours' ELSE 'held' END);
        ELSIF t.owned_by_run = 1 AND l.holder <> agent THEN
            PERFORM hot_not_v1('OR016', 'owned_by_run');
        END IF;
        lost := lost + 1;
        IF t.max_claims > 0 AND lost >= t.max_claims THEN
            PERFORM hot_not_v1('OR019', 'abandoned');
        END IF;
        UPDATE lease AS x SET ended_at = now, ended_by = 'claim'
         WHERE x.thread_no = t.thread_no AND x.ended_at IS NULL;
    END IF;
    t.assigned_to := agent;
    e := hot_event_v1('thread_claim', agent, t, 'claimed',
                      '{"epoch":' || t.epoch + 1 || ',"holder":' || to_json(agent)
                      || ',"lost_leases":' || lost || '}', tx, now);
    UPDATE thread AS x
       SET status = 'claimed', assigned_to = agent, epoch = x.epoch + 1, lost_leases = lost,
           last_event = e, last_message = e, updated_at = now
     WHERE x.thread_no = t.thread_no AND x.epoch = t.epoch;
    INSERT INTO lease (thread_no, epoch, holder, ttl_ms, clock_domain, boot_deadline, wall_deadline,
                       claim_event, claimed_at)
    VALUES (t.thread_no, t.epoch + 1, agent, ttl, 'server', now + ttl, now + ttl, e, now);
    PERFORM hot_message_v1(e, t.thread_no, 'event', agent, t.created_by, 'thread claimed', '', '{}',
                           NULL, '[]', now);
    PERFORM hot_note_v1(ARRAY[agent], now);
    RETURN e;
END $$;

-- What a claim answers, but for the lease's token. A thread of many messages is the operation's.
CREATE FUNCTION hot_taken_v1(t bigint, e bigint, most bigint, now bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    page text;
    counted bigint;
BEGIN
    SELECT string_agg(m.document, ',' ORDER BY m.event_id), count(*) INTO page, counted
      FROM (SELECT v.event_id, v.document FROM message_view AS v
             WHERE v.thread_no = t ORDER BY v.event_id LIMIT most + 1) AS m;
    IF counted > most THEN
        PERFORM hot_not_v1('OR005', 'long');
    END IF;
    RETURN hot_changed_v1(t, e, false) || ',"messages":[' || page || '],"lease":'
        || orch_lease_v1(t, now) || '}';
END $$;

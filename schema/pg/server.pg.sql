-- What a store on a server is asked beside the rows of operations. `this_store.` is its schema; all
-- that a session would keep is SET LOCAL, so that a transaction pooler may stand in front.

-- name: begin_read :one
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
SET LOCAL search_path = this_store, pg_temp;
SET LOCAL idle_in_transaction_session_timeout = 15000;
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint,
       set_config('orch.machine', :machine, true);

-- name: begin_write :one
-- BEGIN IMMEDIATE's twin. Time is asked once the lock is had; a client that stops in the middle
-- loses the lock by itself.
BEGIN;
SET LOCAL search_path = this_store, pg_temp;
SET LOCAL lock_timeout = 10000;
SET LOCAL idle_in_transaction_session_timeout = 15000;
SET LOCAL synchronous_commit = on;
SELECT store_lock_v1(), set_config('orch.machine', :machine, true);
SELECT t.now, c.last, EXISTS (
       SELECT 1 FROM waiter WHERE machine <> :machine AND until > t.now)
  FROM counter AS c,
       (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS t
 WHERE c.name = 'event';

-- name: begin_touch :one
-- The moment of a change that takes no lock.
SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint, 0;

-- name: touch :exec
-- Before a statement that is a whole change and leaves no event. It holds one row for as long as it
-- runs, never over a round trip: who claims the thread meanwhile waits for no network.
SET LOCAL search_path = this_store, pg_temp;
SET LOCAL lock_timeout = 10000;
SET LOCAL synchronous_commit = on;

-- name: tell :exec
-- After the COMMIT, in the same round trip: inside of it a lock of the whole cluster would be held
-- over the fsync.
BEGIN;
SET LOCAL synchronous_commit = off;
SELECT pg_notify(:channel, :topics) WHERE EXISTS (
       SELECT 1 FROM this_store.waiter
        WHERE topic = ANY (string_to_array(:topics, ' ')) AND machine <> :machine
          AND until > extract(epoch FROM clock_timestamp()) * 1000);
COMMIT;

-- name: expect :exec
-- Somebody of this machine waits on the topics; what nobody renews is forgotten. Under the lock:
-- whoever began before has committed, and whoever begins after sees the row.
BEGIN;
SET LOCAL search_path = this_store, pg_temp;
SET LOCAL lock_timeout = 10000;
SET LOCAL synchronous_commit = off;
SELECT store_lock_v1();
WITH gone AS (
    DELETE FROM this_store.waiter
     WHERE until < extract(epoch FROM clock_timestamp()) * 1000 - 3600000)
INSERT INTO this_store.waiter AS w (topic, machine, until)
SELECT DISTINCT topic, :machine, (extract(epoch FROM clock_timestamp()) * 1000)::bigint + :ms
  FROM unnest(string_to_array(:topics, ' ')) AS topic
ON CONFLICT (topic, machine) DO UPDATE SET until = excluded.until;
COMMIT;

-- name: expect_again :one
-- What is there is renewed without the lock: no writer has looked in vain. In one order, so that two
-- waits of a machine do not wait for each other.
WITH mine AS (
    SELECT topic FROM this_store.waiter
     WHERE topic = ANY (string_to_array(:topics, ' ')) AND machine = :machine
       AND until > extract(epoch FROM clock_timestamp()) * 1000
     ORDER BY topic FOR UPDATE),
renewed AS (
    UPDATE this_store.waiter AS w
       SET until = (extract(epoch FROM clock_timestamp()) * 1000)::bigint + :ms
      FROM mine WHERE w.topic = mine.topic AND w.machine = :machine
    RETURNING w.topic)
SELECT count(*) FROM renewed;

-- name: show_machine :maybe
-- Somebody still runs on a machine: silent, and without the store's lock.
UPDATE this_store.machine
   SET seen_at = t.now, until = t.now + :ms
  FROM (SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now) AS t
 WHERE machine_id = :machine AND boot_id = :boot AND session = :session AND status = 'known'
RETURNING 1;

-- name: awaited :many
-- What somebody waits for, on whichever machine.
SELECT DISTINCT topic FROM this_store.waiter
 WHERE until > extract(epoch FROM clock_timestamp()) * 1000;

-- name: gate :maybe
SELECT v.version, s.min_client, s.store_id, pg_is_in_recovery(), c.last, s.secret
  FROM this_store.store_version AS v, this_store.store AS s, this_store.counter AS c
 WHERE c.name = 'event';

-- name: done_before :maybe
-- What a call did whose answer was lost.
SELECT e.event_id, t.thread_no, t.thread_id
  FROM this_store.event AS e JOIN this_store.thread AS t ON t.thread_no = e.thread_no
 WHERE e.event_id > :seen AND e.tx_id = :tx ORDER BY e.event_id LIMIT 1;

-- name: data_version :maybe
-- An upgrade for newer programs alone is a change as well.
SELECT (SELECT sum(last) FROM this_store.counter WHERE name IN ('event', 'silent')) + s.min_client,
       s.store_id, s.min_client
  FROM this_store.store AS s;

-- name: silent :exec
-- A change without an event: who looks at what `data_version` says sees that there was one.
INSERT INTO counter AS c (name, last) VALUES ('silent', 1)
    ON CONFLICT (name) DO UPDATE SET last = c.last + 1;

-- name: blob_is_there :maybe
SELECT 1 FROM this_store.blob WHERE sha256 = :sha256;

-- name: blob_give :exec
-- No event and so no lock: whoever is second finds the same bytes. Durable before they are named.
SET LOCAL synchronous_commit = on;
INSERT INTO this_store.blob (sha256, size, content, created_at)
VALUES (:sha256, length(:content), :content,
        (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
    ON CONFLICT (sha256) DO NOTHING;

-- name: blob_take :maybe
SELECT content FROM this_store.blob WHERE sha256 = :sha256;

-- name: server_version :one
SHOW server_version;

-- name: health :one
SELECT current_setting('server_version'),
       current_setting('fsync') = 'on' AND current_setting('full_page_writes') = 'on',
       coalesce((SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid() AND ssl), ''),
       coalesce(host(inet_server_addr()), ''),
       (extract(epoch FROM clock_timestamp()) * 1000)::bigint, current_user::text,
       (SELECT count(*) FROM this_store.waiter
         WHERE until > extract(epoch FROM clock_timestamp()) * 1000);

-- name: migrate_lock :one
SELECT pg_try_advisory_xact_lock(hashtext('orch store migrate ' || :schema));

-- name: migrate_there :one
SELECT to_regclass(:table) IS NOT NULL;

-- name: migrate_version :maybe
SELECT version FROM this_store.store_version;

-- name: migrate_fit :one
SELECT pg_encoding_to_char(encoding), datcollate::text,
       current_setting('server_version_num')::int
  FROM pg_database WHERE datname = current_database();

-- name: migrate_begin :exec
CREATE SCHEMA IF NOT EXISTS this_store;

-- name: migrate_path :exec
SET LOCAL search_path = this_store, pg_temp;

-- name: migrate_store :exec
INSERT INTO this_store.store (only_row, store_id, secret, created_at)
VALUES (1, :id, :secret, (extract(epoch FROM clock_timestamp()) * 1000)::bigint);

-- name: migrate_done :exec
UPDATE this_store.store_version SET version = :version;

-- What a move asks of the server; the tables are those of the schema, in the order they were made.

-- name: move_state :one
SELECT s.store_id, (SELECT count(*) FROM this_store.event), (SELECT count(*) FROM this_store.thread)
  FROM this_store.store AS s;

-- name: move_columns :many
-- A table refers only to those made before it.
SELECT c.relname::text, string_agg(a.attname::text, ' ' ORDER BY a.attnum)
  FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
 WHERE c.relnamespace = 'this_store'::regnamespace AND c.relkind = 'r'
   AND a.attnum > 0 AND NOT a.attisdropped
 GROUP BY c.oid, c.relname ORDER BY c.oid;

-- name: move_numbers :many
-- Which column of which table is numbered by the counter.
SELECT c.relname::text, a.attname::text
  FROM pg_attrdef AS d JOIN pg_class AS c ON c.oid = d.adrelid
  JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 WHERE c.relnamespace = 'this_store'::regnamespace
   AND pg_get_expr(d.adbin, d.adrelid) LIKE '%orch_next(%';

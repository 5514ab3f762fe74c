-- name: slot_put :exec
-- Which process serves a slot now, or why none does.
INSERT INTO slot (run_id, slot_no, agent, harness, pid, pid_started, pid_boot, starts, reason, since)
VALUES (:run_id, :slot_no, :agent, :harness, :pid, :pid_started, :pid_boot, :starts, :reason, :now)
ON CONFLICT (run_id, slot_no) DO UPDATE SET
    agent = excluded.agent, harness = excluded.harness, pid = excluded.pid,
    pid_started = excluded.pid_started, pid_boot = excluded.pid_boot,
    starts = excluded.starts, reason = excluded.reason, since = excluded.since;

-- name: slot_of_run :many
-- Those of one driver, the first one first.
SELECT run_id, slot_no, agent, harness, pid, pid_started, pid_boot, starts, reason, since
  FROM slot WHERE run_id = :run_id ORDER BY slot_no;

-- name: slot_names_in_hand :many
-- Names under which somebody holds a thread: those at work are few.
-- scan: the active leases, by their own partial index
SELECT l.holder FROM lease AS l INDEXED BY lease_active
 WHERE l.ended_at IS NULL AND l.holder GLOB :names;

-- name: slot_parked :many
-- Threads held under such names that wait for an answer, with nobody at work; the oldest first.
SELECT l.holder AS agent, h.thread_id, h.thread_no
  FROM lease AS l
  JOIN thread AS h ON h.thread_no = l.thread_no
  JOIN turn AS n ON n.thread_no = h.thread_no
   AND n.turn_no = (SELECT max(m.turn_no) FROM turn AS m WHERE m.thread_no = h.thread_no)
 WHERE l.ended_at IS NULL AND l.holder GLOB :names
   AND h.status = 'blocked' AND n.outcome = 'waiting'
 ORDER BY h.thread_no;

-- name: thread_find :maybe
-- Everything an operation decides on, in one row: the thread and its active lease.
SELECT t.thread_no, t.thread_id, t.run_id, t.task_id, t.owned_by_run, t.subject, t.status,
       t.created_by, t.addressed_to, t.assigned_to, t.epoch, t.lost_leases, t.max_claims,
       t.not_before_at, t.expects, t.last_message,
       l.epoch AS lease_epoch, l.holder AS lease_holder, l.ttl_ms AS lease_ttl_ms,
       l.clock_domain AS lease_clock_domain, l.boot_deadline AS lease_boot_deadline,
       l.wall_deadline AS lease_wall_deadline, l.claim_event AS lease_claim_event
  FROM thread AS t
  LEFT JOIN lease AS l ON l.thread_no = t.thread_no AND l.ended_at IS NULL
 WHERE t.thread_id = :thread_id;

-- name: thread_next_no :one
-- The next number, and whether an id is taken: asked before an id is minted or adopted.
SELECT coalesce((SELECT max(thread_no) FROM thread), 0) + 1,
       EXISTS (SELECT 1 FROM thread WHERE thread_id = :thread_id);

-- name: thread_recent_ids :many
-- Near names for a typo; the newest threads are the likeliest meant.
-- scan: bounded by LIMIT along the primary key
SELECT thread_id FROM thread ORDER BY thread_no DESC LIMIT 500;

-- name: thread_insert :exec
-- A thread begins pending and assigned to its addressee.
INSERT INTO thread (thread_no, thread_id, run_id, task_id, owned_by_run, subject, summary, status,
                    priority, created_by, addressed_to, assigned_to, max_claims, not_before_at,
                    expects, last_event, last_message, created_at, updated_at)
VALUES (:thread_no, :thread_id, :run_id, :task_id, :owned_by_run, :subject, :summary, 'pending',
        :priority, :created_by, :addressed_to, :addressed_to, :max_claims, :not_before_at,
        :expects, :event_id, :event_id, :now, :now);

-- name: thread_claim :one
-- The only statement that raises an epoch (I3); the old epoch in the WHERE makes a lost race loud.
UPDATE thread
   SET status = 'claimed', assigned_to = :agent, epoch = :epoch + 1, lost_leases = :lost,
       last_event = :event_id, last_message = :event_id, updated_at = :now
 WHERE thread_no = :thread_no AND status = :source AND epoch = :epoch
RETURNING epoch;

-- name: thread_move :one
-- Every other change of a status.
UPDATE thread
   SET status = :target,
       assigned_to = coalesce(:assigned_to, assigned_to),
       reason = coalesce(:reason, reason),
       not_before_at = coalesce(:not_before_at, not_before_at),
       last_event = :event_id, last_message = :event_id, updated_at = :now
 WHERE thread_no = :thread_no AND status = :source AND epoch = :epoch
RETURNING status;

-- name: thread_touch :exec
-- A message that changes no status.
UPDATE thread SET last_event = :event_id, last_message = :event_id, updated_at = :now
 WHERE thread_no = :thread_no;

-- name: thread_document :one
-- The published shape.
SELECT document FROM thread_view WHERE thread_no = :thread_no;

-- name: thread_claimable :maybe
-- One index seek per addressee: its highest priority, then its oldest; then the best of those.
-- scan: the addressees of one call
SELECT t.thread_id, t.priority, t.thread_no
  FROM json_each(:addressees) AS a
  JOIN thread AS t ON t.thread_no = (
       SELECT p.thread_no FROM thread AS p
        WHERE p.assigned_to = a.value AND p.status = 'pending' AND p.not_before_at <= :now
        ORDER BY p.priority DESC, p.thread_no LIMIT 1)
 ORDER BY t.priority DESC, t.thread_no LIMIT 1;

-- name: thread_lapsed :maybe
-- Threads being worked on are few; their leases are judged by the clock rule (schema/clock.py).
-- CROSS JOIN keeps SQLite from walking the whole store's instead of the addressees'.
-- A thread that a run owns is never taken over by another agent.
-- scan: the addressees of one call
SELECT t.thread_id, t.priority, t.thread_no
  FROM json_each(:addressees) AS a
 CROSS JOIN thread AS t
  JOIN lease AS l ON l.thread_no = t.thread_no AND l.ended_at IS NULL
 WHERE t.addressed_to = a.value AND t.status IN ('claimed', 'in_progress', 'blocked')
   AND (t.owned_by_run = 0 OR l.holder = :agent)
   AND (CASE WHEN l.clock_domain = :domain THEN l.boot_deadline - :boot
             ELSE l.wall_deadline - :now END) NOT BETWEEN 1 AND l.ttl_ms + 5000
 ORDER BY t.priority DESC, t.thread_no LIMIT 1;

-- name: thread_next_release :one
-- How long a waiting claim may sleep before time alone gives it something.
SELECT (SELECT min(p.not_before_at) - :now
          FROM json_each(:addressees) AS a
         CROSS JOIN thread AS p
         WHERE p.assigned_to = a.value AND p.status = 'pending' AND p.not_before_at > :now),
       (SELECT min(CASE WHEN l.clock_domain = :domain THEN l.boot_deadline - :boot
                        ELSE l.wall_deadline - :now END)
          FROM json_each(:addressees) AS a
         CROSS JOIN thread AS t
          JOIN lease AS l ON l.thread_no = t.thread_no AND l.ended_at IS NULL
         WHERE t.addressed_to = a.value AND t.status IN ('claimed', 'in_progress', 'blocked')
           AND (t.owned_by_run = 0 OR l.holder = :agent));

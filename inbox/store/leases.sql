-- name: lease_start :exec
-- Primary key (thread, epoch): a double claim is impossible whatever the code does (I3).
INSERT INTO lease (thread_no, epoch, holder, ttl_ms, clock_domain, boot_deadline, wall_deadline,
                   claim_event, claimed_at)
VALUES (:thread_no, :epoch, :holder, :ttl_ms, :domain, :boot + :ttl_ms, :now + :ttl_ms,
        :claim_event, :now);

-- name: lease_extend :exec
-- Also moves the deadline into the clock domain of whoever renews. The epoch fences it: it needs no
-- lock of the store.
UPDATE lease
   SET ttl_ms = :ttl_ms, clock_domain = :domain, boot_deadline = :boot + :ttl_ms,
       wall_deadline = :now + :ttl_ms
 WHERE thread_no = :thread_no AND epoch = :epoch AND ended_at IS NULL;

-- name: lease_end :exec
-- History stays: who held which epoch, and how it ended.
UPDATE lease SET ended_at = :now, ended_by = :how
 WHERE thread_no = :thread_no AND ended_at IS NULL;

-- name: lease_held_before :maybe
-- Tells a superseded holder from a stranger.
SELECT 1 FROM lease WHERE thread_no = :thread_no AND holder = :holder LIMIT 1;

-- name: lease_last :maybe
-- The last holder may still hand in a late result.
SELECT holder, epoch FROM lease WHERE thread_no = :thread_no ORDER BY epoch DESC LIMIT 1;

-- name: store_secret :one
-- Tokens are recomputed from it and never stored.
SELECT secret FROM store WHERE only_row = 1;

-- name: lease_document :maybe
-- The published shape, but for the token.
SELECT json_object(
    'epoch', epoch,
    'holder', holder,
    'expires_at', strftime('%Y-%m-%dT%H:%M:%fZ', wall_deadline / 1000.0, 'unixepoch'),
    'ttl_seconds', CASE WHEN ttl_ms % 1000 = 0 THEN ttl_ms / 1000 ELSE ttl_ms / 1000.0 END,
    'remaining_seconds', max(0, CASE WHEN clock_domain = :domain THEN boot_deadline - :boot
                                     ELSE wall_deadline - :now END) / 1000.0)
  FROM lease WHERE thread_no = :thread_no AND ended_at IS NULL;

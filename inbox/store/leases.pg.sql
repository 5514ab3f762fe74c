-- name: lease_document :maybe
SELECT (SELECT row_to_json(r_) FROM (SELECT
    epoch AS "epoch",
    holder AS "holder",
    orch_iso(wall_deadline) AS "expires_at",
    CASE WHEN ttl_ms % 1000 = 0 THEN (ttl_ms / 1000)::text::json
         ELSE orch_real(ttl_ms / 1000.0::float8) END AS "ttl_seconds",
    orch_real(greatest(0, CASE WHEN clock_domain = :domain THEN boot_deadline - :boot
                               ELSE wall_deadline - :now END) / 1000.0::float8)
        AS "remaining_seconds") AS r_)
  FROM lease WHERE thread_no = :thread_no AND ended_at IS NULL;

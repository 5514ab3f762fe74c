-- name: thread_claimable :maybe
-- LATERAL keeps one index seek per addressee: a join by value hashes the whole table.
SELECT t.thread_id, t.priority, t.thread_no
  FROM json_array_elements_text(:addressees::json) AS a
 CROSS JOIN LATERAL (
       SELECT p.thread_id, p.priority, p.thread_no FROM thread AS p
        WHERE p.assigned_to = a.value AND p.status = 'pending' AND p.not_before_at <= :now
        ORDER BY p.priority DESC, p.thread_no LIMIT 1) AS t
 ORDER BY t.priority DESC, t.thread_no LIMIT 1;

-- name: thread_next_release :one
-- LATERAL, so that each addressee's rows are found by their index.
SELECT (SELECT min(n.first_at) - :now
          FROM json_array_elements_text(:addressees::json) AS a
         CROSS JOIN LATERAL (
               SELECT min(p.not_before_at) AS first_at FROM thread AS p
                WHERE p.assigned_to = a.value AND p.status = 'pending'
                  AND p.not_before_at > :now) AS n),
       (SELECT min(n.left_ms)
          FROM json_array_elements_text(:addressees::json) AS a
         CROSS JOIN LATERAL (
               SELECT min(CASE WHEN l.clock_domain = :domain THEN l.boot_deadline - :boot
                               ELSE l.wall_deadline - :now END) AS left_ms
                 FROM thread AS t
                 JOIN lease AS l ON l.thread_no = t.thread_no AND l.ended_at IS NULL
                WHERE t.addressed_to = a.value
                  AND t.status IN ('claimed', 'in_progress', 'blocked')
                  AND (t.owned_by_run = 0 OR l.holder = :agent)) AS n);

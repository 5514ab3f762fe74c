-- name: queue_window :exec
UPDATE queue SET "window" = :size WHERE queue_no = :queue_no;

-- name: pass_list :many
SELECT p.pass_no, p.queue_no, p.fence, p.planner, p.snapshot, p.decisions,
       orch_iso(p.created_at) AS at,
       substr(q.target, 12) AS branch
  FROM queue_pass AS p JOIN queue AS q ON q.queue_no = p.queue_no
 WHERE (:queue_no IS NULL OR p.queue_no = :queue_no)
   AND (:pass_no IS NULL OR p.pass_no = :pass_no) AND p.pass_no > :after_no
 ORDER BY p.pass_no LIMIT :limit;

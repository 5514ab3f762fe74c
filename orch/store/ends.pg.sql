-- name: end_landed :many
SELECT q.repo_path, substr(q.target, 12) AS target,
       coalesce(nullif(n.landed_commit, ''), n.head_commit) AS "commit",
       EXISTS (SELECT 1 FROM entry AS i
                WHERE i.run_id = :run_id AND i.kind = 'integrate'
                  AND i.status IN ('verified', 'landed_externally')
                  AND i.queued_event > n.last_event) AS brought
  FROM (SELECT DISTINCT ON (e.queue_no) e.queue_no, e.last_event, e.landed_commit, e.head_commit
          FROM entry AS e
         WHERE e.run_id = :run_id AND e.kind = 'task'
           AND e.status IN ('landed', 'verified', 'landed_externally')
         ORDER BY e.queue_no, e.last_event DESC) AS n
  JOIN queue AS q ON q.queue_no = n.queue_no;

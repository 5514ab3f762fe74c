-- name: trial_list :many
SELECT t.trial_no, t.commit_id, t.tree, t.purpose, t.status, t.summary, t.entries,
       orch_iso(t.started_at), orch_iso(t.ended_at)
  FROM trial AS t
 WHERE t.queue_no = :queue_no
   AND (:entry_no IS NULL
        OR EXISTS (SELECT 1 FROM json_array_elements_text(t.entries::json) AS p
                    WHERE p.value::bigint = :entry_no))
 ORDER BY t.trial_no;

-- name: trial_check_cached :maybe
SELECT status, summary, output_tail, exit_status FROM (
    SELECT status, summary, output_tail, exit_status, created_at FROM trial_check
     WHERE cache_key = :cache_key AND status IN ('passed', 'failed')
     UNION ALL
    SELECT status, summary, output_tail, exit_status, created_at FROM check_result
     WHERE cache_key = :cache_key AND status IN ('passed', 'failed')) AS c
 ORDER BY created_at DESC, status DESC LIMIT 1;

-- name: trial_failure_of :maybe
SELECT c.check_name AS "check", c.summary, c.output_tail AS tail, t.entries
  FROM trial AS t JOIN trial_check AS c ON c.trial_no = t.trial_no
 WHERE t.queue_no = :queue_no AND t.status = :status AND c.status = :status
   AND (t.entries::json ->> -1)::bigint = :entry_no
 ORDER BY t.trial_no DESC, c.check_name LIMIT 1;

-- name: submission_require_checks :exec
UPDATE task SET required_checks = (
       SELECT '[' || coalesce(string_agg(to_json(n.value)::text, ',' ORDER BY n.value), '') || ']'
         FROM (SELECT value FROM json_array_elements_text(task.required_checks::json)
                UNION SELECT value FROM json_array_elements_text(:checks::json)) AS n),
       updated_at = :now
 WHERE run_id = :run_id AND task_id = :task_id;

-- name: submission_require_checks :exec
-- A change request may only ask for more checks than its task.
-- scan: the checks of one task
UPDATE task SET required_checks = (
       SELECT json_group_array(value) FROM (
              SELECT value FROM json_each(task.required_checks)
               UNION SELECT value FROM json_each(:checks))),
       updated_at = :now
 WHERE run_id = :run_id AND task_id = :task_id;

-- name: check_insert :exec
-- The only statement that writes results.
INSERT INTO check_result (attempt_key, check_name, status, source, head_commit, cache_key, summary,
                          output_head, output_tail, exit_status, duration_ms, recorded_by,
                          created_at)
VALUES (:attempt_key, :check_name, :status, :source, :head_commit, :cache_key, :summary,
        :output_head, :output_tail, :exit_status, :duration_ms, :recorded_by, :now);

-- name: check_newest :many
-- What the gate decides on.
-- scan: the required checks of one task
SELECT q.value, c.status
  FROM task AS t
  JOIN json_each(t.required_checks) AS q
  LEFT JOIN check_result AS c ON c.result_no = (
       SELECT max(n.result_no)
         FROM attempt AS a JOIN check_result AS n ON n.attempt_key = a.attempt_key
        WHERE a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
          AND n.check_name = q.value)
 WHERE t.task_no = :task_no;

-- name: check_newest_at :maybe
-- What was said of one check at one head.
SELECT status FROM check_result
 WHERE attempt_key = :attempt_key AND check_name = :check_name AND head_commit = :head_commit
 ORDER BY result_no DESC LIMIT 1;

-- name: check_output :maybe
-- What a check of an attempt printed when it last ran.
SELECT status, summary, output_head, output_tail, head_commit FROM check_result
 WHERE attempt_key = :attempt_key AND check_name = :check_name
 ORDER BY result_no DESC LIMIT 1;

-- name: check_names :many
-- Those that ran on an attempt.
SELECT DISTINCT check_name FROM check_result WHERE attempt_key = :attempt_key ORDER BY check_name;

-- name: check_failures :many
-- For the next attempt's brief.
SELECT c.check_name, coalesce(nullif(c.output_tail, ''), c.summary) FROM check_result AS c
 WHERE c.attempt_key = :attempt_key AND c.status = 'failed'
   AND c.result_no = (SELECT max(n.result_no) FROM check_result AS n
                       WHERE n.attempt_key = c.attempt_key AND n.check_name = c.check_name)
 ORDER BY c.check_name;

-- name: check_gate :one
-- As the task shows it, with what each check printed.
-- scan: the required checks of one task
SELECT CASE WHEN v.document ->> '$.gate' IS NOT NULL THEN json_set(
           v.document -> '$.gate', '$.checks', json(coalesce((
               SELECT json_group_array(json_patch(g.value, json_object(
                          'output_head', coalesce(c.output_head, ''),
                          'output_tail', coalesce(c.output_tail, ''))))
                 FROM json_each(v.document, '$.gate.checks') AS g
                 LEFT JOIN attempt AS a
                   ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
                 LEFT JOIN check_result AS c ON c.result_no = (
                      SELECT max(n.result_no) FROM check_result AS n
                       WHERE n.attempt_key = a.attempt_key
                         AND n.check_name = g.value ->> '$.check')), '[]')))
       END
  FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.task_no = :task_no;

-- name: check_failed_on :maybe
SELECT 1 FROM check_result
 WHERE attempt_key = :attempt_key AND check_name = :check_name AND status = 'failed'
   AND head_commit = :head LIMIT 1;

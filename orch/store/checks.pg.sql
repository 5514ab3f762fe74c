-- name: check_gate :one
SELECT CASE WHEN v.document::json ->> 'gate' IS NOT NULL THEN orch_set(
           v.document::json ->> 'gate', (SELECT row_to_json(r_) FROM (SELECT (
               SELECT ('[' || coalesce(string_agg(orch_set(g.value, (
                          SELECT row_to_json(r_) FROM (SELECT
                              coalesce(c.output_head, '') AS "output_head",
                              coalesce(c.output_tail, '') AS "output_tail") AS r_))::text, ','
                              ORDER BY g.place), '') || ']')::json
                 FROM json_array_elements_text(v.document::json #> '{gate,checks}')
                      WITH ORDINALITY AS g (value, place)
                 LEFT JOIN attempt AS a
                   ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
                 LEFT JOIN check_result AS c ON c.result_no = (
                      SELECT max(n.result_no) FROM check_result AS n
                       WHERE n.attempt_key = a.attempt_key
                         AND n.check_name = g.value::json ->> 'check')) AS "checks") AS r_))
       END
  FROM task AS t JOIN task_view AS v ON v.task_no = t.task_no
 WHERE t.task_no = :task_no;

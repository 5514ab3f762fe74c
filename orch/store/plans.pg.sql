-- name: plan_tasks :many
SELECT t.task_no, t.task_id, t.status, t.title, t.summary, t.default_to, t.priority, t.rank,
       t.acceptance, t.check_profile, t.required_checks, t.allowed_paths, t.blocked_paths,
       t.metadata, t.max_attempts, t.risk, t.execution_mode, t.kind, t.request_id, t.spec_sha256,
       (SELECT ('[' || coalesce(string_agg(to_json(k.lock)::text, ','), '') || ']')::json FROM (
        SELECT lock FROM task_lock WHERE task_no = t.task_no ORDER BY lock) AS k) AS locks,
       (SELECT ('[' || coalesce(string_agg(to_json(d.task_id)::text, ','), '') || ']')::json FROM (
        SELECT p.task_id FROM dependency AS e JOIN task AS p ON p.task_no = e.depends_on
         WHERE e.task_no = t.task_no ORDER BY p.task_no) AS d) AS depends_on,
       EXISTS (SELECT 1 FROM dispatch_intent AS i WHERE i.task_no = t.task_no) AS is_dispatching
  FROM task AS t WHERE t.run_id = :run_id ORDER BY t.task_no;

-- name: plan_allowed :many
SELECT DISTINCT r.value
  FROM event AS e CROSS JOIN LATERAL json_array_elements_text(e.payload::json -> 'rules') AS r
 WHERE e.run_id = :run_id AND e.event_type = 'plan_allowed'
   AND e.payload::json ->> 'request_id' = :request_id;

-- name: turn_end :exec
UPDATE turn
   SET outcome = :outcome, reason = :reason, reported = :reported, final_event = :final_event,
       exit_status = :exit_status, commits = :commits, uncommitted = :uncommitted,
       salvage_ref = :salvage_ref, strays = :strays, input_tokens = :input_tokens,
       output_tokens = :output_tokens, cost_microusd = :cost_microusd,
       session = coalesce(nullif(:session, ''), session),
       ended_at = least(:now, CASE WHEN :last_line_at IS NULL THEN :now ELSE
           greatest(started_at, :last_line_at, CASE WHEN :reported = '' THEN 0 ELSE
               (SELECT updated_at FROM thread WHERE thread_no = turn.thread_no) END) END)
 WHERE turn_key = :turn_key AND ended_at IS NULL;

-- name: turn_usage :one
SELECT row_to_json(u)
  FROM (SELECT count(*) AS turns,
               orch_real(coalesce(sum(coalesce(ended_at, :now) - started_at), 0)
                         / 1000.0::float8) AS seconds,
               sum(input_tokens) AS input_tokens, sum(output_tokens) AS output_tokens,
               orch_real(sum(cost_microusd) / 1e6::float8) AS cost_usd
          FROM turn
         WHERE run_id = :run_id
           AND (:task_no IS NULL OR thread_no IN
                (SELECT thread_no FROM attempt WHERE task_no = :task_no))) AS u;

-- name: turn_usage_shares :one
SELECT ('[' || coalesce(string_agg((SELECT row_to_json(r_) FROM (SELECT
           s.name AS "name", s.turns AS "turns", orch_real(s.seconds) AS "seconds",
           s.input_tokens AS "input_tokens", s.output_tokens AS "output_tokens",
           orch_real(s.cost_usd) AS "cost_usd") AS r_)::text, ','
           ORDER BY coalesce(s.cost_usd, 0) DESC, s.name), '') || ']')::json
  FROM (SELECT CASE WHEN :by_agent <> 0 THEN n.agent ELSE h.task_id END AS name,
               count(*) AS turns,
               sum(coalesce(n.ended_at, :now) - n.started_at) / 1000.0::float8 AS seconds,
               sum(n.input_tokens) AS input_tokens, sum(n.output_tokens) AS output_tokens,
               sum(n.cost_microusd) / 1e6::float8 AS cost_usd
          FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
         WHERE n.run_id = :run_id
           AND (:task_no IS NULL OR n.thread_no IN
                (SELECT thread_no FROM attempt WHERE task_no = :task_no))
         GROUP BY 1) AS s;

-- name: turn_of_processes :maybe
SELECT n.agent, h.thread_id
  FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
 WHERE (n.pid, n.pid_started, n.pid_boot) IN (
       SELECT (p.value::json ->> 0)::bigint, (p.value::json ->> 1)::bigint, p.value::json ->> 2
         FROM json_array_elements_text(:processes::json) AS p)
 LIMIT 1;

-- name: run_find :maybe
-- The repository where this machine has it.
SELECT r.run_id, r.leader, orch_path(r.repo_id, r.repo_path) AS repo_path, r.repo_id, 
       r.base_ref, r.target, r.ownership, r.reconciled_through, r.settled_event, r.closed_at, s.status
  FROM run AS r JOIN run_status AS s ON s.run_id = r.run_id
 WHERE r.run_id = :run_id;

-- name: run_budget_document :maybe
SELECT (SELECT row_to_json(r_) FROM (SELECT
    (SELECT row_to_json(r_) FROM (SELECT
    orch_real(cost_microusd / 1e6::float8) AS "cost_usd",
    tokens AS "tokens",
    turns AS "turns",
    attempts AS "attempts",
    seconds AS "seconds") AS r_) AS "limits",
    (SELECT row_to_json(r_) FROM (SELECT
    orch_real(spent_microusd / 1e6::float8) AS "cost_usd",
    spent_tokens AS "tokens",
    spent_turns AS "turns",
    spent_attempts AS "attempts",
    spent_seconds AS "seconds") AS r_) AS "spent") AS r_)
  FROM run_spending WHERE run_id = :run_id;

-- name: run_newest_with :maybe
SELECT r.run_id
  FROM run AS r
 WHERE r.closed_at IS NULL
   AND EXISTS (SELECT 1 FROM json_object_keys(r.fingerprint::json) AS p (key) WHERE p.key = :place)
 ORDER BY r.created_at DESC LIMIT 1;

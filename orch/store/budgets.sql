-- name: budget_spending :maybe
-- Limits and what is spent, side by side.
SELECT cost_microusd, tokens, turns, attempts, seconds, spent_microusd, spent_tokens, spent_turns,
       spent_attempts, spent_seconds
  FROM run_spending WHERE run_id = :run_id;

-- name: budget_write :exec
-- All limits at once: what is not limited is NULL.
INSERT INTO run_budget (run_id, cost_microusd, tokens, turns, attempts, seconds, updated_at)
VALUES (:run_id, :cost_microusd, :tokens, :turns, :attempts, :seconds, :now)
    ON CONFLICT (run_id) DO UPDATE
   SET cost_microusd = excluded.cost_microusd, tokens = excluded.tokens, turns = excluded.turns,
       attempts = excluded.attempts, seconds = excluded.seconds, updated_at = excluded.updated_at;

-- name: cursor_position :maybe
-- No row means nothing read yet.
SELECT last_read FROM cursor WHERE agent = :agent AND thread_no = :thread_no;

-- name: cursor_advance :exec
-- The larger one wins: reading never goes back (I7).
INSERT INTO cursor (agent, thread_no, last_read, moved_at)
VALUES (:agent, :thread_no, :through, :now)
ON CONFLICT (agent, thread_no) DO UPDATE
   SET last_read = excluded.last_read, moved_at = excluded.moved_at
 WHERE excluded.last_read > cursor.last_read;

-- name: agent_note :exec
-- First sight of a name.
INSERT INTO agent (name, folded, first_at) VALUES (:name, :folded, :now)
ON CONFLICT (name) DO NOTHING;

-- name: agent_lookalike :maybe
-- `Worker-1` and `worker-1` are two agents, and hardly ever meant to be.
SELECT name FROM agent WHERE folded = :folded AND name <> :name LIMIT 1;

-- name: announcement_through :maybe
-- No row: this agent's hook has never been asked.
SELECT through FROM announcement WHERE agent = :agent;

-- name: announcement_newest :one
-- Messages are events, so this is the end of the mail.
SELECT coalesce(max(event_id), 0) FROM message;

-- name: announcement_mail :many
-- Along the primary key, so that the cost is what came since; what the agent has read is left out.
SELECT m.event_id, m.from_agent AS sender, m.kind, t.thread_id, t.subject, m.summary, m.body
  FROM message AS m JOIN thread AS t USING (thread_no)
 WHERE m.event_id > :after AND m.event_id <= :last AND m.to_agent = :agent
   AND m.from_agent <> :agent
   AND m.event_id > coalesce(
       (SELECT last_read FROM cursor WHERE agent = :agent AND thread_no = m.thread_no), 0)
 ORDER BY m.event_id LIMIT :limit;

-- name: announcement_advance :exec
-- The larger one wins.
INSERT INTO announcement (agent, through, moved_at) VALUES (:agent, :through, :now)
ON CONFLICT (agent) DO UPDATE SET through = excluded.through, moved_at = excluded.moved_at
 WHERE excluded.through > announcement.through;

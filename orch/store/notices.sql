-- name: notice_missing :many
-- Needs that hold and have no notice by a channel yet; since when they are known.
SELECT n.need_no, n.kind, c.value AS channel, e.created_at AS at
  FROM need AS n JOIN json_each(:channels) AS c JOIN event AS e ON e.event_id = n.event_id
 WHERE n.run_id = :run_id AND n.ended_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM notice AS x
                    WHERE x.need_no = n.need_no AND x.channel = c.value);

-- name: notice_insert :exec
INSERT INTO notice (need_no, channel, due_at) VALUES (:need_no, :channel, :due_at)
ON CONFLICT DO NOTHING;

-- name: notice_moot :maybe
-- Is any notice due of a need that is over?
SELECT 1 FROM notice AS x JOIN need AS n ON n.need_no = x.need_no
 WHERE x.due_at IS NOT NULL AND n.run_id = :run_id AND n.ended_at IS NOT NULL LIMIT 1;

-- name: notice_drop_moot :exec
UPDATE notice SET due_at = NULL WHERE due_at IS NOT NULL AND need_no IN (
       SELECT need_no FROM need WHERE run_id = :run_id AND ended_at IS NOT NULL);

-- name: notice_columns :part
x.need_no, x.channel, x.due_at, x.tries, x.reminders, x.sent_at, x.pid, x.pid_started, x.pid_boot,
n.run_id, n.task_id, n.kind, n.who, n.text, n.command, n.since, n.event_id, e.created_at AS known_at

-- name: notice_waiting :many
-- What is to be sent of a run, the first that is due first: few.
SELECT {notice_columns}
  FROM notice AS x JOIN need AS n ON n.need_no = x.need_no
  JOIN event AS e ON e.event_id = n.event_id
 WHERE x.due_at IS NOT NULL AND n.run_id = :run_id AND n.ended_at IS NULL
   AND x.channel IN (SELECT value FROM json_each(:channels))
 ORDER BY x.due_at, x.need_no;

-- name: notice_one :maybe
-- As it is now, under the write lock.
SELECT {notice_columns}
  FROM notice AS x JOIN need AS n ON n.need_no = x.need_no
  JOIN event AS e ON e.event_id = n.event_id
 WHERE x.need_no = :need_no AND x.channel = :channel AND x.due_at IS NOT NULL
   AND n.ended_at IS NULL;

-- name: notice_claim :exec
UPDATE notice SET tries = tries + 1, pid = :pid, pid_started = :pid_started, pid_boot = :pid_boot
 WHERE need_no = :need_no AND channel = :channel;

-- name: notice_sent :exec
UPDATE notice
   SET sent_at = :at, due_at = :due_at, reminders = reminders + :is_reminder, tries = 0, pid = NULL,
       problem = ''
 WHERE need_no = :need_no AND channel = :channel;

-- name: notice_failed :exec
UPDATE notice SET due_at = :due_at, pid = NULL, problem = :problem
 WHERE need_no = :need_no AND channel = :channel;

-- name: notice_given_up :many
-- For doctor: what could not be sent, of needs that hold.
-- scan: notices are as many as needs
SELECT x.channel, x.problem, n.run_id, n.task_id, n.kind
  FROM notice AS x JOIN need AS n ON n.need_no = x.need_no
 WHERE x.due_at IS NULL AND x.problem <> '' AND n.ended_at IS NULL
 ORDER BY x.need_no;

-- name: decline_find :maybe
-- A group is declined once.
SELECT reason, event_id FROM council_decline WHERE run_id = :run_id AND group_id = :group_id;

-- name: decline_of_council :many
-- With the tally in which the group stood, since it may stand in no later one.
SELECT d.group_id, d.reason, t.document
  FROM council_decline AS d
  JOIN council_tally AS t ON t.run_id = d.run_id AND t.revision = d.revision
 WHERE d.run_id = :run_id ORDER BY d.event_id;

-- name: decline_insert :exec
-- With its event, in one transaction.
INSERT INTO council_decline (run_id, revision, group_id, reason, declined_by, event_id, created_at)
VALUES (:run_id, :revision, :group_id, :reason, :declined_by, :event_id, :now);

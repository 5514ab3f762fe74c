-- name: council_find :maybe
-- Everything a tally decides on.
SELECT run_id, mode, target_type, target, repo_path, base_commit, head_commit, reviewed_task,
       reviewed_attempt_no, diff_sha256, shown_lines, output, only_unanimous, quorum, deadline_at,
       rounds, since
  FROM council WHERE run_id = :run_id;

-- name: council_ids :many
-- Near names for a typo.
-- scan: councils are few
SELECT run_id FROM council ORDER BY created_at DESC LIMIT 500;

-- name: council_insert :exec
-- With its run and its three tasks, in one transaction.
INSERT INTO council (run_id, mode, target_type, target, repo_path, base_commit, head_commit,
                     reviewed_task, reviewed_attempt_no, diff_sha256, shown_lines, output,
                     only_unanimous, quorum, deadline_at, rounds, since, created_at)
VALUES (:run_id, :mode, :target_type, :target, :repo_path, :base_commit, :head_commit,
        :reviewed_task, :reviewed_attempt_no, :diff_sha256, :shown_lines, :output,
        :only_unanimous, :quorum, :deadline_at, :rounds, :since, :now);

-- name: council_reviewer_insert :exec
-- The roster is written before anybody can answer.
INSERT INTO council_reviewer (run_id, seat, reviewer_role, task_no)
VALUES (:run_id, :seat, :reviewer_role, :task_no);

-- name: council_document :one
-- The published shape.
SELECT document FROM council_view WHERE run_id = :run_id;

-- name: council_agents :many
-- Whoever was given a reviewer's task.
SELECT DISTINCT a.assigned_to
  FROM council_reviewer AS r JOIN attempt AS a ON a.task_no = r.task_no
 WHERE r.run_id = :run_id;

-- name: council_cross_insert :exec
-- With its task, in one transaction; the key lets one of two who begin round two at once.
INSERT INTO council_cross (run_id, seat, task_no, sheet, created_at)
VALUES (:run_id, :seat, :task_no, :sheet, :now);

-- name: attempt_repository :part
a.repo_path;

-- name: attempt_columns :part
-- Of an attempt `a` with its thread `h`.
a.attempt_key, a.task_no, a.attempt_no, a.thread_no, h.thread_id, a.assigned_to, a.status,
       a.execution_mode, {attempt_repository}, a.repo_id, a.machine_id, a.workspace_root, a.base_ref,
       a.base_commit, a.base_source,
       a.branch_name, a.worktree_path, a.workspace_status, a.placed_files, a.head_commit,
       a.dirty_files, a.liveness, a.late_event, a.path_violations;

-- name: attempt_find :maybe
-- By task and number.
SELECT {attempt_columns}
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE a.task_no = :task_no AND a.attempt_no = :attempt_no;

-- name: attempt_of_thread :maybe
-- reconcile goes from a thread's events to its attempt.
SELECT {attempt_columns}
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE a.thread_no = :thread_no;

-- name: attempt_of_task :many
-- The whole history of a task.
SELECT {attempt_columns}
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE a.task_no = :task_no ORDER BY a.attempt_no;

-- name: attempt_of_run :many
-- cleanup chooses among them.
SELECT {attempt_columns}
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
  JOIN task AS t ON t.task_no = a.task_no
 WHERE t.run_id = :run_id ORDER BY a.task_no, a.attempt_no;

-- name: attempt_insert :exec
-- In the transaction that opens its thread.
INSERT INTO attempt (task_no, attempt_no, thread_no, assigned_to, status, execution_mode, repo_path,
                     repo_id, workspace_root, base_ref, base_commit, base_source, branch_name,
                     worktree_path, workspace_status, placed_files, created_at, updated_at)
VALUES (:task_no, :attempt_no, :thread_no, :assigned_to, 'dispatched', :execution_mode, :repo_path,
        :repo_id, :workspace_root, :base_ref, :base_commit, :base_source, :branch_name, :worktree_path,
        :workspace_status, :placed_files, :now, :now);

-- name: attempt_move :exec
-- Follows its thread; nothing is known of a worker where none is at work.
UPDATE attempt
   SET status = :status, assigned_to = coalesce(:assigned_to, assigned_to), updated_at = :now,
       liveness = CASE WHEN :status IN ('running', 'blocked') THEN liveness ELSE 'unknown' END,
       ended_at = CASE WHEN :status IN ('done', 'failed', 'cancelled')
                       THEN coalesce(:at, :now) END,
       end_class = CASE WHEN :status IN ('failed', 'cancelled') THEN :end_class END
 WHERE attempt_key = :attempt_key;

-- name: attempt_set_head :exec
-- At the first reconcile after done.
UPDATE attempt SET head_commit = :head, dirty_files = :dirty, path_violations = :violations,
       updated_at = :now
 WHERE attempt_key = :attempt_key;

-- name: attempt_set_liveness :exec
-- An observation.
UPDATE attempt SET liveness = :liveness WHERE attempt_key = :attempt_key;

-- name: attempt_set_late :exec
-- The newest late report wins.
UPDATE attempt SET late_event = :event_id, updated_at = :now WHERE attempt_key = :attempt_key;

-- name: attempt_set_workspace :exec
-- cleanup's last step.
UPDATE attempt SET workspace_status = :status, updated_at = :now WHERE attempt_key = :attempt_key;

-- name: attempt_document :one
-- The published shape.
SELECT document FROM attempt_view WHERE task_no = :task_no AND attempt_no = :attempt_no;

-- name: attempt_without_head :many
-- Read again while work is uncommitted: committing it is what the leader was told to do.
SELECT {attempt_columns}
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
  JOIN task AS t ON t.task_no = a.task_no AND t.latest_attempt_no = a.attempt_no
 WHERE t.run_id = :run_id AND t.status IN ('done', 'verifying') AND a.execution_mode = 'code'
   AND (a.head_commit IS NULL OR a.dirty_files > 0) AND a.workspace_status = 'created'
   AND a.status IN ('done', 'verifying');

-- name: attempt_elsewhere :many
-- Finished work of other machines that no target has yet.
SELECT {attempt_columns}
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
  JOIN task AS t ON t.task_no = a.task_no AND t.latest_attempt_no = a.attempt_no
 WHERE t.run_id = :run_id AND a.status IN ('done', 'verifying') AND a.repo_id <> ''
   AND a.machine_id <> :machine_id AND coalesce(a.head_commit, '') <> ''
   AND NOT EXISTS (SELECT 1 FROM entry AS e
                    WHERE e.task_no = a.task_no AND e.attempt_key = a.attempt_key
                      AND e.status = 'verified');

-- name: attempt_seen_anew :many
-- What leases tell about their workers and is not recorded yet, by the rule of schema/clock.py.
SELECT {attempt_columns},
       CASE WHEN CASE WHEN l.clock_domain = :domain THEN l.boot_deadline - :boot
                 ELSE l.wall_deadline - :now END BETWEEN 1 AND l.ttl_ms + 5000
            THEN 'live' ELSE 'stale' END AS seen
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
  JOIN task AS t ON t.task_no = a.task_no AND t.latest_attempt_no = a.attempt_no
  JOIN lease AS l ON l.thread_no = a.thread_no AND l.ended_at IS NULL
 WHERE t.run_id = :run_id AND t.status IN ('running', 'blocked')
   AND a.liveness NOT IN ('gone', seen);

-- name: intent_insert :exec
-- The primary key makes two dispatches of one task impossible.
INSERT INTO dispatch_intent (task_no, run_id, attempt_no, repo_path, branch_name, worktree, root,
                             base_commit, pid, pid_started, pid_boot, created_at)
VALUES (:task_no, :run_id, :attempt_no, :repo_path, :branch_name, :worktree, :root, :base_commit,
        :pid, :pid_started, :pid_boot, :now);

-- name: intent_delete :exec
-- Confirmed, or undone; by its own process unless that is gone.
DELETE FROM dispatch_intent WHERE task_no = :task_no
   AND (:pid IS NULL OR (pid = :pid AND pid_started = :pid_started AND pid_boot = :pid_boot));

-- name: intent_find :maybe
-- Is somebody dispatching this task right now?
SELECT attempt_no, pid, pid_started, pid_boot FROM dispatch_intent WHERE task_no = :task_no;

-- name: intent_of_run :many
-- reconcile looks for those whose process is gone.
SELECT task_no, attempt_no, repo_path, branch_name, worktree AS worktree_path,
       root AS workspace_root, base_commit, pid, pid_started, pid_boot, created_at
  FROM dispatch_intent WHERE run_id = :run_id ORDER BY task_no;

-- name: attempt_at_paths :maybe
-- Is a command run in an attempt's worktree? Asked before a person's word only.
-- scan: compares all attempts, which people's words are rare enough for
SELECT worktree_path FROM attempt WHERE worktree_path IN (SELECT value FROM json_each(:folders))
UNION ALL
SELECT place_path FROM place WHERE place_path IN (SELECT value FROM json_each(:folders))
UNION ALL
SELECT out_path FROM place WHERE out_path IN (SELECT value FROM json_each(:folders))
 LIMIT 1;

-- name: attempt_standing_paths :many
-- Where attempts work, as it was named: perhaps through links. Asked before a person's word only.
-- scan: reads all attempts, which people's words are rare enough for
SELECT worktree_path FROM attempt WHERE workspace_status = 'created' AND worktree_path <> ''
UNION ALL
SELECT place_path FROM place WHERE removed_at IS NULL
UNION ALL
SELECT out_path FROM place WHERE removed_at IS NULL;

-- name: attempt_worked :one
-- Those that count: somebody took it up, and not all of its turns were interrupted or limited.
SELECT count(*) FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
 WHERE a.task_no = :task_no AND (h.epoch > 0 OR a.status = 'done')
   AND (NOT EXISTS (SELECT 1 FROM turn AS n WHERE n.thread_no = a.thread_no)
        OR EXISTS (SELECT 1 FROM turn AS n WHERE n.thread_no = a.thread_no
                    AND coalesce(n.outcome, '') NOT IN ('interrupted', 'limited')));

-- name: attempt_set_begun_for :exec
-- In the transaction that begins it: what it is counted by.
UPDATE attempt SET begun_for = :begun_for WHERE task_no = :task_no AND attempt_no = :attempt_no;

-- name: attempt_begun_for :one
-- How many attempts were begun by themselves: of this task for one class, and of the whole run.
SELECT (SELECT count(*) FROM attempt WHERE task_no = :task_no AND begun_for = :cause),
       (SELECT count(*) FROM attempt AS a JOIN task AS t ON t.task_no = a.task_no
         WHERE a.begun_for <> '' AND t.run_id = :run_id);

-- name: attempt_latest_end :maybe
-- Why a task's newest attempt ended, as retries count it.
SELECT coalesce(a.end_class, '') FROM task AS t
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
 WHERE t.task_no = :task_no;

-- name: attempt_failure_class :one
-- A failed thread's class: who stopped it, else its last turn's end, else what its worker said.
SELECT CASE
         WHEN n.outcome = 'interrupted' AND n.stop_reason IS NOT NULL THEN 'stopped'
         WHEN n.outcome = 'interrupted' THEN 'lost'
         WHEN n.outcome = 'limited' AND n.reason = :logged_out THEN 'logged_out'
         WHEN n.outcome IN ('limited', 'crashed', 'timeout', 'no_change') THEN n.outcome
         WHEN h.reason = 'permanent' THEN 'permanent'
         ELSE 'failed' END
  FROM attempt AS a JOIN thread AS h ON h.thread_no = a.thread_no
  LEFT JOIN turn AS n ON n.thread_no = a.thread_no
   AND n.turn_no = (SELECT max(m.turn_no) FROM turn AS m WHERE m.thread_no = a.thread_no)
 WHERE a.attempt_key = :attempt_key;

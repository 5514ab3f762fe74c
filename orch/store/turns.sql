-- name: turn_columns :part
-- Of a turn `n` with its thread `h`.
n.turn_key, n.thread_no, h.thread_id, n.turn_no, n.run_id, n.epoch, n.agent, n.harness,
       n.mark, n.session, n.told_through, n.log_path, n.runner_pid, n.runner_started,
       n.runner_boot, n.pid, n.pid_started, n.pid_boot, n.stop_reason, n.outcome, n.reason, n.started_at;

-- name: turn_begin :one
-- Before the program is started; the partial unique index makes two at once impossible (I17).
INSERT INTO turn (thread_no, turn_no, run_id, epoch, agent, harness, mark, told_through, log_path,
                  runner_pid, runner_started, runner_boot, started_at)
VALUES (:thread_no,
        (SELECT coalesce(max(turn_no), 0) + 1 FROM turn WHERE thread_no = :thread_no),
        :run_id, :epoch, :agent, :harness, :mark, :told_through, :log_path,
        :runner_pid, :runner_started, :runner_boot, :now)
RETURNING turn_key;

-- name: turn_started :exec
-- Which process it is.
UPDATE turn SET pid = :pid, pid_started = :pid_started, pid_boot = :pid_boot
 WHERE turn_key = :turn_key;

-- name: turn_adopt :exec
-- A new runner looks after a turn whose runner was killed; of two only one succeeds.
UPDATE turn SET runner_pid = :runner_pid, runner_started = :runner_started,
       runner_boot = :runner_boot
 WHERE turn_key = :turn_key AND ended_at IS NULL
   AND runner_pid = :old_pid AND runner_started = :old_started AND runner_boot = :old_boot;

-- name: turn_ask_stop :exec
-- The runner looks at it a few times a second.
UPDATE turn SET stop_reason = coalesce(stop_reason, :reason)
 WHERE turn_key = :turn_key AND ended_at IS NULL;

-- name: turn_set_session :exec
-- Known before the end, so that a killed runner's successor can resume it.
UPDATE turn SET session = :session WHERE turn_key = :turn_key;

-- name: turn_end :exec
-- The facts and what they add up to. Of one that nobody saw end: its last line or its report, not
-- the moment when somebody looked.
UPDATE turn
   SET outcome = :outcome, reason = :reason, reported = :reported, final_event = :final_event,
       exit_status = :exit_status, commits = :commits, uncommitted = :uncommitted,
       salvage_ref = :salvage_ref, strays = :strays, input_tokens = :input_tokens,
       output_tokens = :output_tokens, cost_microusd = :cost_microusd,
       session = coalesce(nullif(:session, ''), session),
       ended_at = min(:now, coalesce(max(started_at, :last_line_at, iif(:reported = '', 0,
           (SELECT updated_at FROM thread WHERE thread_no = turn.thread_no))), :now))
 WHERE turn_key = :turn_key AND ended_at IS NULL;

-- name: turn_find :one
-- One turn, as operations see it.
SELECT {turn_columns}
  FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
 WHERE n.turn_key = :turn_key;

-- name: turn_is_over :maybe
-- Of the turn with a mark; no row where the store knows none.
SELECT ended_at IS NOT NULL FROM turn WHERE mark = :mark;

-- name: turn_run_of_ended :maybe
-- Whose leftover a spool is; no row while the turn runs.
SELECT run_id FROM turn WHERE mark = :mark AND ended_at IS NOT NULL;

-- name: turn_latest :maybe
-- The newest of a thread: its session, what it was told.
SELECT {turn_columns}
  FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
 WHERE n.thread_no = :thread_no ORDER BY n.turn_no DESC LIMIT 1;

-- name: turn_open_of_agent :many
-- A worker that starts looks for what another of its name left; running turns are few.
-- scan: the running turns, by their own partial index
SELECT {turn_columns}
  FROM turn AS n INDEXED BY turn_open JOIN thread AS h ON h.thread_no = n.thread_no
 WHERE n.ended_at IS NULL AND (:agent IS NULL OR n.agent = :agent)
 ORDER BY n.turn_key;

-- name: turn_log_keep :exec
-- Its ends, where its log is on a machine of several.
INSERT INTO turn_log (turn_key, size, head, tail) VALUES (:turn_key, :size, :head, :tail)
ON CONFLICT (turn_key) DO NOTHING;

-- name: turn_log_find :maybe
-- What is known of a log elsewhere.
SELECT size, head, tail FROM turn_log WHERE turn_key = :turn_key;

-- name: turn_names_on :many
-- What is at work on a machine, as people call it.
-- scan: the running turns, by their own partial index
SELECT DISTINCT coalesce(t.run_id || '/' || t.task_id, h.thread_id) AS name
  FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
  LEFT JOIN attempt AS a ON a.thread_no = n.thread_no
  LEFT JOIN task AS t ON t.task_no = a.task_no
 WHERE n.ended_at IS NULL AND n.runner_boot LIKE '%@' || :machine_id
 ORDER BY 1;

-- name: turn_open_of_run :many
-- reconcile: is anybody still there?
SELECT {turn_columns}
  FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
 WHERE n.run_id = :run_id AND n.ended_at IS NULL
 ORDER BY n.turn_key;

-- name: turn_waiting_of_agent :many
-- Threads of the agent that wait for an answer, and whose last turn has ended.
SELECT h.thread_id
  FROM thread AS h
  JOIN lease AS l ON l.thread_no = h.thread_no AND l.ended_at IS NULL AND l.holder = :agent
  JOIN turn AS n ON n.thread_no = h.thread_no
   AND n.turn_no = (SELECT max(m.turn_no) FROM turn AS m WHERE m.thread_no = h.thread_no)
 WHERE h.assigned_to = :agent AND h.status = 'blocked' AND n.outcome = 'waiting'
 ORDER BY h.thread_no;

-- name: turn_in_a_row :one
-- How many of a thread's newest turns ended so: after a limit each waits twice as long.
SELECT count(*) FROM turn
 WHERE thread_no = :thread_no AND outcome = :outcome
   AND turn_no > (SELECT coalesce(max(turn_no), 0) FROM turn
                   WHERE thread_no = :thread_no AND outcome <> :outcome);

-- name: turn_salvage :maybe
-- Where the newest turn that left uncommitted work has it.
SELECT salvage_ref FROM turn WHERE thread_no = :thread_no AND salvage_ref <> ''
 ORDER BY turn_no DESC LIMIT 1;

-- name: turn_session_usage :one
-- What earlier turns of a session took: some clients count from its beginning.
SELECT coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
       coalesce(sum(cost_microusd), 0)
  FROM turn WHERE thread_no = :thread_no AND session = :session AND ended_at IS NOT NULL;

-- name: turn_commits_before :one
-- What is beyond it, a turn that nobody saw end has made.
SELECT coalesce(max(commits), 0) FROM turn WHERE thread_no = :thread_no AND ended_at IS NOT NULL;

-- name: turn_question :one
-- The newest question of a thread, and whether anybody else has written since.
SELECT coalesce(max(m.event_id), 0),
       coalesce((SELECT min(r.event_id) FROM message AS r
                  WHERE r.thread_no = :thread_no AND r.from_agent <> :agent
                    AND r.kind IN ('answer', 'control', 'task')
                    AND r.event_id > coalesce(max(m.event_id), 0)), 0)
  FROM message AS m
 WHERE m.thread_no = :thread_no AND m.kind = 'question';

-- name: turn_activity :one
-- The newest event of the thread: the agent's own commands show that it is alive.
SELECT coalesce(max(event_id), 0) FROM message WHERE thread_no = :thread_no;

-- name: turn_document :one
-- The published shape.
SELECT document FROM turn_view WHERE turn_key = :turn_key;

-- name: turn_documents :many
-- All turns of a run, or of one of its tasks.
SELECT document FROM turn_view
 WHERE run_id = :run_id
   AND (:task_no IS NULL OR thread_no IN (SELECT thread_no FROM attempt WHERE task_no = :task_no))
 ORDER BY turn_key DESC LIMIT :limit;

-- name: turn_usage :one
-- What a run's turns took, or those of all attempts of a task.
SELECT json_object(
    'turns', count(*),
    'seconds', coalesce(sum(coalesce(ended_at, :now) - started_at), 0) / 1000.0,
    'input_tokens', sum(input_tokens),
    'output_tokens', sum(output_tokens),
    'cost_usd', sum(cost_microusd) / 1e6)
  FROM turn
 WHERE run_id = :run_id
   AND (:task_no IS NULL OR thread_no IN (SELECT thread_no FROM attempt WHERE task_no = :task_no));

-- name: turn_usage_shares :one
-- Task by task, or agent by agent; the dearest first.
SELECT json_group_array(json_object('name', name, 'turns', turns,
           'seconds', seconds, 'input_tokens', input_tokens, 'output_tokens', output_tokens,
           'cost_usd', cost_usd))
  FROM (SELECT iif(:by_agent, n.agent, h.task_id) AS name, count(*) AS turns,
               sum(coalesce(n.ended_at, :now) - n.started_at) / 1000.0 AS seconds,
               sum(n.input_tokens) AS input_tokens, sum(n.output_tokens) AS output_tokens,
               sum(n.cost_microusd) / 1e6 AS cost_usd
          FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
         WHERE n.run_id = :run_id
           AND (:task_no IS NULL OR n.thread_no IN
                (SELECT thread_no FROM attempt WHERE task_no = :task_no))
         GROUP BY 1 ORDER BY coalesce(sum(n.cost_microusd), 0) DESC, 1);

-- name: turn_set_process :exec
-- The attempt's copy: who works on it now, seen alive.
UPDATE attempt SET pid = :pid, pid_started = :pid_started, pid_boot = :pid_boot,
       liveness = 'live', updated_at = :now
 WHERE thread_no = :thread_no;

-- name: turn_of_processes :maybe
-- Is a command run by an agent's program? Asked before a person's word only.
-- scan: compares all turns, which people's words are rare enough for
SELECT n.agent, h.thread_id
  FROM turn AS n JOIN thread AS h ON h.thread_no = n.thread_no
 WHERE (n.pid, n.pid_started, n.pid_boot) IN (
       SELECT p.value ->> 0, p.value ->> 1, p.value ->> 2 FROM json_each(:processes) AS p)
 LIMIT 1;

-- name: candidate_row :part
-- One step of a chain.
SELECT c.onto, c.entry_no, c.commit_id AS "commit", c.tree, c.files, c.resolved, c.notes
  FROM candidate AS c;

-- name: candidate_insert :exec
-- The same step made again is the same commit: the first row stays.
INSERT INTO candidate (queue_no, onto, entry_no, commit_id, tree, files, notes, resolved, built_at)
VALUES (:queue_no, :onto, :entry_no, :commit_id, :tree, :files, :notes, :resolved, :now)
ON CONFLICT DO NOTHING;

-- name: candidate_of_queue :many
-- The steps made for the entries that are still open.
{candidate_row} JOIN entry AS e ON e.entry_no = c.entry_no
 WHERE c.queue_no = :queue_no
   AND e.status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally')
 ORDER BY c.entry_no, c.onto;

-- name: candidate_find :maybe
-- One step.
{candidate_row}
 WHERE queue_no = :queue_no AND onto = :onto AND entry_no = :entry_no;

-- name: candidate_conflict_of :maybe
-- Why an entry left the chain: its newest conflict.
{candidate_row}
 WHERE queue_no = :queue_no AND entry_no = :entry_no AND commit_id = ''
 ORDER BY built_at DESC LIMIT 1;

-- name: candidate_forget :exec
-- Built again: a person let it go on, or the way conflicts are resolved changed.
DELETE FROM candidate WHERE queue_no = :queue_no AND entry_no = :entry_no;

-- name: candidate_forget_commits :exec
-- Built again: git has them no more. Those of what landed tell a rollback where the target stood.
DELETE FROM candidate
 WHERE queue_no = :queue_no AND commit_id IN (SELECT value FROM json_each(:commits))
   AND entry_no IN (SELECT e.entry_no FROM entry AS e WHERE e.queue_no = :queue_no
       AND e.status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally'));

-- name: trial_begin :one
-- Before its first check is started.
INSERT INTO trial (queue_no, fence, commit_id, tree, checks, purpose, entries, started_at)
VALUES (:queue_no, :fence, :commit_id, :tree, :checks, :purpose, :entries, :now)
RETURNING trial_no;

-- name: trial_end :exec
-- Once; the file refuses a second result.
UPDATE trial SET status = :status, summary = :summary, ended_at = :now
 WHERE trial_no = :trial_no AND status = 'running';

-- name: trial_interrupt :exec
-- What a runner before this one did not bring to its end counts for nothing.
UPDATE trial SET status = 'interrupted', summary = 'its runner ended', ended_at = :now
 WHERE queue_no = :queue_no AND status = 'running' AND fence < :fence;

-- name: trial_of_queue :many
-- Every finished trial that still counts, oldest first, for the planner.
SELECT t.tree, t.checks, t.status, t.trial_no FROM trial AS t JOIN queue AS q ON q.queue_no = t.queue_no
 WHERE t.queue_no = :queue_no
   AND (t.status = 'passed'
        OR (t.status IN ('failed', 'error') AND t.started_at >= q.retried_at))
 ORDER BY t.trial_no;

-- name: trial_list :many
-- For people: the trials that an entry was part of.
-- scan: the trials of one queue
SELECT t.trial_no, t.commit_id, t.tree, t.purpose, t.status, t.summary, t.entries,
       strftime('%Y-%m-%dT%H:%M:%fZ', t.started_at / 1000.0, 'unixepoch'),
       CASE WHEN t.ended_at IS NOT NULL
            THEN strftime('%Y-%m-%dT%H:%M:%fZ', t.ended_at / 1000.0, 'unixepoch') END
  FROM trial AS t
 WHERE t.queue_no = :queue_no
   AND (:entry_no IS NULL
        OR EXISTS (SELECT 1 FROM json_each(t.entries) AS p WHERE p.value = :entry_no))
 ORDER BY t.trial_no;

-- name: trial_check_insert :exec
-- One check of a trial.
INSERT INTO trial_check (trial_no, check_name, cache_key, status, source, summary, output_head,
                         output_tail, exit_status, duration_ms, created_at)
VALUES (:trial_no, :check_name, :cache_key, :status, :source, :summary, :output_head, :output_tail,
        :exit_status, :duration_ms, :now);

-- name: trial_check_list :many
-- In the order of their names.
SELECT check_name, status, source, summary, output_tail, exit_status, duration_ms FROM trial_check
 WHERE trial_no = :trial_no ORDER BY check_name;

-- name: trial_check_cached :maybe
-- An error is never reused; a pass or a failure is, for the same tree, command and environment.
SELECT status, summary, output_tail, exit_status FROM (
    SELECT status, summary, output_tail, exit_status, created_at FROM trial_check
     WHERE cache_key = :cache_key AND status IN ('passed', 'failed')
     UNION ALL
    SELECT status, summary, output_tail, exit_status, created_at FROM check_result
     WHERE cache_key = :cache_key AND status IN ('passed', 'failed'))
 ORDER BY created_at DESC, status DESC LIMIT 1;

-- name: trial_failure_of :maybe
-- What convicted an entry, or kept it from being tried: of the newest such trial of a chain that
-- ends with it.
SELECT c.check_name AS "check", c.summary, c.output_tail AS tail, t.entries
  FROM trial AS t JOIN trial_check AS c ON c.trial_no = t.trial_no
 WHERE t.queue_no = :queue_no AND t.status = :status AND c.status = :status
   AND t.entries ->> '$[#-1]' = :entry_no
 ORDER BY t.trial_no DESC, c.check_name LIMIT 1;

-- name: candidate_made_on :maybe
-- On top of which commit an entry's landed commit was put.
SELECT onto FROM candidate
 WHERE queue_no = :queue_no AND entry_no = :entry_no AND commit_id = :commit_id LIMIT 1;

-- name: candidate_resolved :maybe
-- Was it put on top with both sides' lines?
SELECT 1 FROM candidate
 WHERE queue_no = :queue_no AND entry_no = :entry_no AND commit_id = :commit_id
   AND resolved <> '[]' LIMIT 1;

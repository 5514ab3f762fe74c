-- name: reviewer_documents :many
-- Who was asked and how far they are, in the order of their seats.
SELECT reviewer_role AS role, status, document AS published FROM council_reviewer_view
 WHERE run_id = :run_id ORDER BY seat;

-- name: reviewer_results :many
-- The newest result message of the attempt that counts; the text is the reviewer's, untouched.
SELECT r.reviewer_role, t.task_id, t.status, t.reason, h.thread_id, m.event_id,
       m.from_agent AS agent, m.summary, m.body, m.payload, '' AS sheet
  FROM council_reviewer AS r
  JOIN task AS t ON t.task_no = r.task_no
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  JOIN thread AS h ON h.thread_no = a.thread_no
  LEFT JOIN message AS m ON m.event_id = (
       SELECT max(n.event_id) FROM message AS n
        WHERE n.thread_no = a.thread_no AND n.kind = 'result')
 WHERE r.run_id = :run_id ORDER BY r.seat;

-- name: voter_documents :many
-- Who votes in round two and how far they are.
SELECT reviewer_role AS role, status, document AS published FROM council_voter_view
 WHERE run_id = :run_id ORDER BY seat;

-- name: voter_results :many
-- The same of round two, with the sheet that the voter was shown.
SELECT r.reviewer_role, t.task_id, t.status, t.reason, h.thread_id, m.event_id,
       m.from_agent AS agent, m.summary, m.body, m.payload, x.sheet
  FROM council_cross AS x
  JOIN council_reviewer AS r ON r.run_id = x.run_id AND r.seat = x.seat
  JOIN task AS t ON t.task_no = x.task_no
  JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  JOIN thread AS h ON h.thread_no = a.thread_no
  LEFT JOIN message AS m ON m.event_id = (
       SELECT max(n.event_id) FROM message AS n
        WHERE n.thread_no = a.thread_no AND n.kind = 'result')
 WHERE r.run_id = :run_id ORDER BY r.seat;

-- name: round_state :one
-- Whether round two may begin: asked for, not begun, the run open; seats that ended, that answered.
-- A wait that ends at the deadline ends up to a few milliseconds before it.
SELECT c.rounds, EXISTS (SELECT 1 FROM council_cross AS x WHERE x.run_id = c.run_id),
       u.closed_at IS NOT NULL, coalesce(c.deadline_at <= :now + 50, 0), c.quorum,
       (SELECT count(*) FROM council_reviewer AS r JOIN task AS t ON t.task_no = r.task_no
         WHERE r.run_id = c.run_id AND t.status IN ('done', 'failed', 'cancelled')),
       (SELECT count(*) FROM council_reviewer AS r JOIN task AS t ON t.task_no = r.task_no
         WHERE r.run_id = c.run_id AND t.status = 'done')
  FROM council AS c JOIN run AS u ON u.run_id = c.run_id WHERE c.run_id = :run_id;

-- name: round_deadline :maybe
-- The deadline of the round that is on: round two has as long as round one had.
SELECT CASE WHEN c.deadline_at IS NULL THEN NULL
            ELSE coalesce((SELECT min(x.created_at) FROM council_cross AS x
                            WHERE x.run_id = c.run_id) - c.created_at, 0) + c.deadline_at END
  FROM council AS c WHERE c.run_id = :run_id;

-- name: council_tallies :many
-- Every revision in short.
SELECT json_object(
    'revision', revision,
    'similarity', document ->> '$.similarity',
    'status', document ->> '$.status',
    'verdict', document ->> '$.verdict',
    'summary', json_extract(document, '$.summary'),
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch'))
  FROM council_tally WHERE run_id = :run_id ORDER BY revision;

-- name: council_reports :many
-- Every report that was made, the first one first.
SELECT revision, levels, sha256, size,
       strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch')
  FROM council_report WHERE run_id = :run_id ORDER BY event_id;

-- name: council_list :many
-- Newest first, each with its newest revision.
-- scan: councils are few
SELECT v.document,
       (SELECT json_object('revision', t.revision, 'status', t.document ->> '$.status',
                           'verdict', t.document ->> '$.verdict',
                           'summary', json_extract(t.document, '$.summary'))
          FROM council_tally AS t WHERE t.run_id = c.run_id ORDER BY t.revision DESC LIMIT 1)
  FROM council AS c JOIN council_view AS v ON v.run_id = c.run_id
 ORDER BY c.created_at DESC, c.run_id;

-- name: council_reviewed :many
-- Which task, as R/T, each open council's run is about.
-- scan: councils are few
SELECT c.run_id, c.reviewed_task FROM council AS c JOIN run AS u ON u.run_id = c.run_id
 WHERE c.reviewed_task <> '' AND u.closed_at IS NULL;

-- name: council_verdicts :many
-- What each open council's newest tally says, nothing before there is one; but for those about
-- work that was done again since.
-- scan: councils are few
SELECT c.run_id, (SELECT t.document ->> '$.verdict' FROM council_tally AS t
                   WHERE t.run_id = c.run_id ORDER BY t.revision DESC LIMIT 1)
  FROM council AS c JOIN run AS u ON u.run_id = c.run_id
 WHERE u.closed_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM task AS t JOIN attempt AS a ON a.task_no = t.task_no
                    WHERE t.run_id || '/' || t.task_id = c.reviewed_task
                      AND a.attempt_no > c.reviewed_attempt_no);

-- name: council_reviews :many
-- What was said of a run's tasks, the newest tally of each council; and the run's own council.
-- scan: councils are few
SELECT CASE WHEN c.run_id = :run_id THEN '' ELSE c.reviewed_task END, c.run_id, c.mode, c.reviewed_attempt_no,
       (SELECT t.document FROM council_tally AS t
         WHERE t.run_id = c.run_id ORDER BY t.revision DESC LIMIT 1)
  FROM council AS c
 WHERE c.run_id = :run_id OR substr(c.reviewed_task, 1, length(:run_id) + 1) = :run_id || '/'
 ORDER BY c.created_at, c.run_id;

-- name: facts_task :part
SELECT t.task_no, t.task_id, t.status, t.priority, t.rank, t.chain,
       coalesce(t.execution_mode, '') AS mode, coalesce(t.default_to, '') AS "to",
       coalesce(nullif(t.status_at, 0), t.created_at) AS since, t.last_event AS event, t.reason,
       greatest(t.not_before_at, CASE WHEN t.status = 'dispatched' THEN coalesce(h.not_before_at, 0) ELSE 0 END) AS not_before,
       t.overtaken, t.latest_attempt_no AS attempt_no, t.max_attempts,
       t.next_attempt_no - 1 - t.latest_attempt_no AS lost, t.required_checks,
       coalesce(a.attempt_key, 0) AS attempt_key, coalesce(a.thread_no, 0) AS thread_no,
       coalesce(a.assigned_to, '') AS assigned_to, coalesce(a.execution_mode, '') AS attempt_mode,
       coalesce(orch_path(a.repo_id, a.repo_path), '') AS repo, coalesce(a.branch_name, '') AS branch,
       coalesce(a.worktree_path, '') AS worktree_path, coalesce(a.end_class, '') AS ended,
       coalesce(a.ended_at, 0) AS ended_at, coalesce(a.head_commit, '') AS head_commit,
       coalesce(n.commits, 0) > 0 OR coalesce(a.head_commit <> a.base_commit, false) AS has_commits,
       coalesce(nullif(n.reason, ''), t.reason) AS last_line,
       n.turn_key IS NOT NULL AND n.ended_at IS NULL AS is_left,
       coalesce(a.liveness, 'unknown') AS live, l.claimed_at IS NOT NULL AS is_claimed,
       coalesce(l.wall_deadline, 0) AS lease_until,
       EXISTS (SELECT 1 FROM message AS r WHERE r.thread_no = a.thread_no AND r.kind = 'answer'
                  AND r.event_id > (SELECT coalesce(max(q.event_id), 0) FROM message AS q
                                     WHERE q.thread_no = a.thread_no AND q.kind = 'question'))
         AS is_answered,
       coalesce(e.entry_no, 0) AS entry_no, coalesce(e.status, '') AS entry,
       CASE WHEN e.status = 'awaiting_forge' AND p.errors > 0 THEN p.summary
            ELSE coalesce(e.reason, '') END AS entry_text, coalesce(e.approvals, '{}') AS approvals,
       coalesce(e.last_event, 0) AS entry_event
  FROM task AS t
  LEFT JOIN attempt AS a ON a.task_no = t.task_no AND a.attempt_no = t.latest_attempt_no
  LEFT JOIN thread AS h ON h.thread_no = a.thread_no
  LEFT JOIN lease AS l ON l.thread_no = a.thread_no AND l.ended_at IS NULL
  LEFT JOIN turn AS n ON n.thread_no = a.thread_no
   AND n.turn_no = (SELECT max(m.turn_no) FROM turn AS m WHERE m.thread_no = a.thread_no)
  LEFT JOIN entry AS e ON e.entry_no = (SELECT max(o.entry_no) FROM entry AS o
                                         WHERE o.task_no = t.task_no AND o.kind = 'task'
                                           AND o.attempt_key = a.attempt_key)
  LEFT JOIN pull_request AS p ON p.entry_no = e.entry_no;

-- name: facts_entries :many
SELECT q.queue_no, e.status, count(*) AS count,
       coalesce(min(nullif(e.not_before_at, 0)), 0) AS not_before, max(e.last_event) AS event,
       bool_or(e.kind = 'revert') AS is_revert
  FROM queue AS q JOIN entry AS e ON e.queue_no = q.queue_no
   AND e.status NOT IN ('verified', 'cancelled', 'superseded', 'landed_externally')
 WHERE EXISTS (SELECT 1 FROM entry AS o WHERE o.run_id = :run_id AND o.queue_no = q.queue_no)
 GROUP BY q.queue_no, e.status;

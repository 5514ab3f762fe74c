-- name: round_state :one
SELECT c.rounds, EXISTS (SELECT 1 FROM council_cross AS x WHERE x.run_id = c.run_id),
       u.closed_at IS NOT NULL, coalesce(c.deadline_at <= :now + 50, false), c.quorum,
       (SELECT count(*) FROM council_reviewer AS r JOIN task AS t ON t.task_no = r.task_no
         WHERE r.run_id = c.run_id AND t.status IN ('done', 'failed', 'cancelled')),
       (SELECT count(*) FROM council_reviewer AS r JOIN task AS t ON t.task_no = r.task_no
         WHERE r.run_id = c.run_id AND t.status = 'done')
  FROM council AS c JOIN run AS u ON u.run_id = c.run_id WHERE c.run_id = :run_id;

-- name: council_tallies :many
SELECT (SELECT row_to_json(r_) FROM (SELECT
    revision AS "revision",
    document::json -> 'similarity' AS "similarity",
    document::json ->> 'status' AS "status",
    document::json ->> 'verdict' AS "verdict",
    (document)::json -> 'summary' AS "summary",
    orch_iso(created_at) AS "created_at") AS r_)
  FROM council_tally WHERE run_id = :run_id ORDER BY revision;

-- name: council_list :many
SELECT v.document,
       (SELECT (SELECT row_to_json(r_) FROM (SELECT
    t.revision AS "revision",
    t.document::json ->> 'status' AS "status",
    t.document::json ->> 'verdict' AS "verdict",
    (t.document)::json -> 'summary' AS "summary") AS r_)
          FROM council_tally AS t WHERE t.run_id = c.run_id ORDER BY t.revision DESC LIMIT 1)
  FROM council AS c JOIN council_view AS v ON v.run_id = c.run_id
 ORDER BY c.created_at DESC, c.run_id;

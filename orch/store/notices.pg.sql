-- name: notice_missing :many
SELECT n.need_no, n.kind, c.value AS channel, e.created_at AS at
  FROM need AS n CROSS JOIN LATERAL json_array_elements_text((:channels)::json) AS c JOIN event AS e ON e.event_id = n.event_id
 WHERE n.run_id = :run_id AND n.ended_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM notice AS x
                    WHERE x.need_no = n.need_no AND x.channel = c.value);

-- name: notice_waiting :many
SELECT {notice_columns}
  FROM notice AS x JOIN need AS n ON n.need_no = x.need_no
  JOIN event AS e ON e.event_id = n.event_id
 WHERE x.due_at IS NOT NULL AND n.run_id = :run_id AND n.ended_at IS NULL
   AND x.channel IN (SELECT value FROM json_array_elements_text((:channels)::json))
 ORDER BY x.due_at, x.need_no;

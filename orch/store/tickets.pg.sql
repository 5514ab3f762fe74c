-- name: ticket_globs :many
SELECT DISTINCT g.value
  FROM drive AS d JOIN run AS r ON r.run_id = d.run_id AND r.closed_at IS NULL
 CROSS JOIN LATERAL json_array_elements_text(d.settings::json -> 'tickets') AS g;

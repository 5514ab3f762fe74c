-- name: ticket_known :many
SELECT sha256, state FROM ticket
 WHERE run_id = :run_id AND sha256 IN (SELECT value FROM json_array_elements_text((:digests)::json));

-- name: ticket_globs :many
SELECT DISTINCT g.value
  FROM drive AS d JOIN run AS r ON r.run_id = d.run_id AND r.closed_at IS NULL
 CROSS JOIN LATERAL json_array_elements_text(d.settings::json -> 'tickets') AS g;

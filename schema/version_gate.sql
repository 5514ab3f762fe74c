-- name: store_min_client :one
-- Who knows at least this schema may go on with a newer one.
-- scan: its one row
SELECT min_client FROM store;

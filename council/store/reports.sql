-- name: report_find :maybe
-- The same report again is the same row.
SELECT event_id FROM council_report
 WHERE run_id = :run_id AND revision = :revision AND levels = :levels AND sha256 = :sha256;

-- name: report_insert :exec
-- After its file is whole and synced.
INSERT INTO council_report (run_id, revision, levels, sha256, size, event_id, created_at)
VALUES (:run_id, :revision, :levels, :sha256, :size, :event_id, :now);

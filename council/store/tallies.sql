-- name: tally_latest :maybe
-- What a re-tally is compared with.
SELECT revision, fingerprint, document, event_id FROM council_tally
 WHERE run_id = :run_id ORDER BY revision DESC LIMIT 1;

-- name: tally_at :maybe
-- Old revisions stay readable.
SELECT revision, fingerprint, document, event_id FROM council_tally
 WHERE run_id = :run_id AND revision = :revision;

-- name: tally_insert :exec
-- The file's trigger refuses a revision that does not rise by one.
INSERT INTO council_tally (run_id, revision, fingerprint, document, event_id, created_at)
VALUES (:run_id, :revision, :fingerprint, :document, :event_id, :now);

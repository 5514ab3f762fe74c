-- name: lease_document :maybe
SELECT d FROM orch_lease_v1(:thread_no, :now) AS d WHERE d IS NOT NULL;

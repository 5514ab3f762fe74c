-- name: key_find :maybe
-- A replay is answered before any state is looked at.
SELECT arguments, answer FROM idempotency_key
 WHERE actor = :actor AND verb = :verb AND key = :key;

-- name: key_store :exec
-- In the same transaction as the change: an answer exists exactly when its change does.
INSERT INTO idempotency_key (actor, verb, key, arguments, answer, created_at)
VALUES (:actor, :verb, :key, :arguments, :answer, :now);

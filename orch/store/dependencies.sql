-- name: dependency_insert :exec
-- An edge that is there already is no mistake.
INSERT INTO dependency (task_no, depends_on) VALUES (:task_no, :depends_on) ON CONFLICT DO NOTHING;

-- name: dependency_remove :exec
-- One edge.
DELETE FROM dependency WHERE task_no = :task_no AND depends_on = :depends_on;

-- name: dependency_reaches :maybe
-- Would an edge close a cycle? UNION visits every task once, however many ways lead there.
-- scan: the rows of the walk itself
WITH RECURSIVE walk (task_no) AS (
    SELECT :start
     UNION
    SELECT d.depends_on FROM walk AS w JOIN dependency AS d ON d.task_no = w.task_no)
SELECT 1 FROM walk WHERE task_no = :goal;

-- name: dependency_above :many
-- The edges from some tasks up to all that they wait for, directly or not.
-- scan: the tasks that were given, and the rows of the walk itself
WITH RECURSIVE walk (task_no) AS (
    SELECT value FROM json_each(:starts)
     UNION
    SELECT d.depends_on FROM walk AS w JOIN dependency AS d ON d.task_no = w.task_no)
SELECT d.task_no, d.depends_on FROM walk AS w JOIN dependency AS d ON d.task_no = w.task_no;

-- name: dependency_prerequisites :many
-- In the order they were added as tasks.
SELECT p.task_no, p.task_id, p.status
  FROM dependency AS d JOIN task AS p ON p.task_no = d.depends_on
 WHERE d.task_no = :task_no ORDER BY p.task_no;

-- name: dependency_dependents :many
-- The other direction.
SELECT w.task_no, w.task_id, w.status
  FROM dependency AS d JOIN task AS w ON w.task_no = d.task_no
 WHERE d.depends_on = :task_no ORDER BY w.task_no;

-- name: dependency_recount :one
-- Only a done prerequisite is met: failed and cancelled ones never are.
UPDATE task SET unmet = (
       SELECT count(*) FROM dependency AS d JOIN task AS p ON p.task_no = d.depends_on
        WHERE d.task_no = :task_no AND p.status <> 'done')
 WHERE task_no = :task_no
RETURNING unmet;

-- name: dependency_lower :exec
-- The kept counter that makes the ready set an index walk.
UPDATE task SET unmet = unmet - 1
 WHERE unmet > 0 AND task_no IN (SELECT task_no FROM dependency WHERE depends_on = :task_no);

-- name: dependency_now_free :many
-- Whose last prerequisite that was.
SELECT t.task_no FROM dependency AS d JOIN task AS t ON t.task_no = d.task_no
 WHERE d.depends_on = :task_no AND t.unmet = 0 AND t.status = 'planned' ORDER BY t.task_no;

-- name: dependency_chain :maybe
-- No row when nothing changed: the walk towards the prerequisites stops there.
UPDATE task SET chain = c.longest
  FROM (SELECT coalesce(max(w.chain) + 1, 0) AS longest
          FROM dependency AS d JOIN task AS w ON w.task_no = d.task_no
         WHERE d.depends_on = :task_no) AS c
 WHERE task_no = :task_no AND chain <> c.longest
RETURNING task_no;

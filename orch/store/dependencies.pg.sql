-- name: dependency_reaches :maybe
WITH RECURSIVE walk (task_no) AS (
    SELECT :start::bigint
     UNION
    SELECT d.depends_on FROM walk AS w JOIN dependency AS d ON d.task_no = w.task_no)
SELECT 1 FROM walk WHERE task_no = :goal::bigint;

-- name: dependency_above :many
WITH RECURSIVE walk (task_no) AS (
    SELECT value::bigint FROM json_array_elements_text(:starts::json)
     UNION
    SELECT d.depends_on FROM walk AS w JOIN dependency AS d ON d.task_no = w.task_no)
SELECT d.task_no, d.depends_on FROM walk AS w JOIN dependency AS d ON d.task_no = w.task_no;

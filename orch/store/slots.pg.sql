-- name: slot_names_in_hand :many
SELECT l.holder FROM lease AS l
 WHERE l.ended_at IS NULL AND l.holder LIKE replace(replace(:names, '_', '\_'), '*', '%');

-- name: slot_parked :many
SELECT l.holder AS agent, h.thread_id, h.thread_no
  FROM lease AS l
  JOIN thread AS h ON h.thread_no = l.thread_no
  JOIN turn AS n ON n.thread_no = h.thread_no
   AND n.turn_no = (SELECT max(m.turn_no) FROM turn AS m WHERE m.thread_no = h.thread_no)
 WHERE l.ended_at IS NULL AND l.holder LIKE replace(replace(:names, '_', '\_'), '*', '%')
   AND h.status = 'blocked' AND n.outcome = 'waiting'
 ORDER BY h.thread_no;

-- name: find_database_size
-- All tables, indexes and what belongs to them; the log of changes is beside it.
SELECT pg_database_size(current_database())

-- name: upsert_room
-- Short is what lies below what is wanted; short no more what lies a tenth above it, so that it does not flutter.
INSERT INTO room AS r (measure, free_bytes, wanted_bytes, is_short, changed_at, looked_at)
VALUES ($1, $2::bigint, $3::bigint, $2::bigint < $3::bigint, $4, $4)
ON CONFLICT (measure) DO UPDATE SET
    free_bytes = excluded.free_bytes, wanted_bytes = excluded.wanted_bytes, looked_at = excluded.looked_at,
    is_short = excluded.free_bytes < excluded.wanted_bytes * (CASE WHEN r.is_short THEN 1.1 ELSE 1 END),
    changed_at = CASE
        WHEN r.is_short = (excluded.free_bytes < excluded.wanted_bytes * (CASE WHEN r.is_short THEN 1.1 ELSE 1 END))
        THEN r.changed_at ELSE excluded.changed_at
    END

-- name: list_room
-- What was seen lately; what nobody looks at any more says nothing.
SELECT measure, free_bytes, wanted_bytes, is_short, changed_at
FROM room
WHERE looked_at >= $1
ORDER BY measure

-- What room the database has left, as seen by those who can see it: `disk` from the machine that holds it, `size` against
-- what it is allowed. Others, who see neither, go by what is written here.
CREATE TABLE room (
    measure text PRIMARY KEY CONSTRAINT room_measure CHECK (measure IN ('disk', 'size')),
    free_bytes bigint NOT NULL,
    wanted_bytes bigint NOT NULL,
    is_short boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    looked_at timestamptz NOT NULL
) WITH (fillfactor = 50);

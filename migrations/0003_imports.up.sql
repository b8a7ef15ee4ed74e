-- Imported name sets: who filled a set that no run made, what each import came to, and which lines it refused.

CREATE TABLE name_sets (
    set_id integer PRIMARY KEY,
    campaign_id uuid NOT NULL REFERENCES campaigns (campaign_id) ON DELETE CASCADE,
    row_count bigint NOT NULL CONSTRAINT name_sets_row_count CHECK (row_count >= 0)
);
CREATE INDEX name_sets_by_campaign ON name_sets (campaign_id);

-- Without finished_at an import is under way; if its session's lock is gone, it died and left nothing but this row.
CREATE TABLE imports (
    import_id uuid PRIMARY KEY DEFAULT uuidv7(),
    campaign_id uuid NOT NULL REFERENCES campaigns (campaign_id) ON DELETE CASCADE,
    byte_count bigint NOT NULL DEFAULT 0,
    line_count bigint NOT NULL DEFAULT 0,
    accepted_count bigint NOT NULL DEFAULT 0,
    duplicate_count bigint NOT NULL DEFAULT 0,
    rejected_count bigint NOT NULL DEFAULT 0,
    started_at timestamptz NOT NULL,
    finished_at timestamptz
) WITH (fillfactor = 50);
CREATE INDEX imports_by_campaign ON imports (campaign_id, import_id);

CREATE TABLE import_rejects (
    import_id uuid NOT NULL REFERENCES imports (import_id) ON DELETE CASCADE,
    line bigint NOT NULL,
    reason text NOT NULL,
    text text NOT NULL,
    PRIMARY KEY (import_id, line)
);

-- The shapes of what an import stages. They stay empty: each import works on temporary copies, which hide these and end
-- with its session, however that ends.
CREATE TABLE staged_names (line bigint NOT NULL, name text COLLATE "C" NOT NULL);
CREATE TABLE staged_rejects (line bigint NOT NULL, reason text NOT NULL, text text NOT NULL);

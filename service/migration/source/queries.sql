-- name: list_columns
-- Which tables and columns there are, whoever may read them; only those that a statement without a schema finds.
SELECT t.relname AS table_name, a.attname AS column_name, format_type(a.atttypid, NULL) AS data_type
FROM pg_class t
JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE t.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(t.oid)
  AND t.relnamespace <> 'pg_catalog'::regnamespace

-- name: find_version
-- What the old system's own migrations say.
SELECT version::bigint, dirty FROM schema_migrations ORDER BY version DESC LIMIT 1

-- name: list_campaigns
-- A page of campaigns with all that is kept of them but their domains; or those that are named.
SELECT
    c.campaign_id, c.document::text,
    (SELECT g.document::text FROM legacy_generation_params g WHERE g.campaign_id = c.campaign_id LIMIT 1) AS generation,
    (SELECT d.document::text FROM legacy_dns_params d WHERE d.campaign_id = c.campaign_id LIMIT 1) AS dns,
    (SELECT h.document::text FROM legacy_http_params h WHERE h.campaign_id = c.campaign_id LIMIT 1) AS http,
    ARRAY(SELECT s.document::text FROM legacy_phase_settings s WHERE s.campaign_id = c.campaign_id LIMIT 20) AS settings,
    ARRAY(SELECT p.document::text FROM legacy_phases p WHERE p.campaign_id = c.campaign_id LIMIT 20) AS phases,
    ARRAY(
        SELECT e.document::text
        FROM legacy_events e
        WHERE e.campaign_id = c.campaign_id
        ORDER BY e.document ->> 'occurred_at'
        LIMIT 1000
    ) AS events,
    (
        SELECT w.document::text
        FROM legacy_profiles p
        JOIN legacy_weights w ON w.document ->> 'id' = p.document ->> 'scoring_profile_id'
        WHERE p.campaign_id = c.campaign_id
        LIMIT 1
    ) AS profile
FROM legacy_campaigns c
WHERE ($1::uuid IS NULL OR c.campaign_id > $1) AND ($2::uuid[] IS NULL OR c.campaign_id = ANY($2))
ORDER BY c.campaign_id
LIMIT $3

-- name: list_campaign_ids
-- All of them, and whose names or addresses they were given.
SELECT
    c.campaign_id, d.document ->> 'source_generation_campaign_id' AS names_of, h.document ->> 'source_campaign_id' AS given_by
FROM legacy_campaigns c
LEFT JOIN legacy_dns_params d ON d.campaign_id = c.campaign_id
LEFT JOIN legacy_http_params h ON h.campaign_id = c.campaign_id
ORDER BY c.campaign_id

-- name: list_shared
-- Personas and keyword rules, which campaigns refer to.
SELECT 'persona' AS kind, document::text FROM legacy_personas
UNION ALL
SELECT 'keyword_rule', document::text FROM legacy_keyword_rules
UNION ALL
SELECT 'space', document::text FROM legacy_spaces

-- name: count_rows
-- How many domains campaigns have, by their words; of some campaigns, or of all.
SELECT
    d.campaign_id, d.dns_status, d.http_status, d.lead_status, d.rejection_reason, count(*) AS amount,
    max(d.place) AS last_place, max(d.score) AS score_max
FROM legacy_own d
WHERE $1::uuid[] IS NULL OR d.campaign_id = ANY($1)
GROUP BY d.campaign_id, d.dns_status, d.http_status, d.lead_status, d.rejection_reason

-- name: list_placed_rows
-- The next domains of a campaign, in the order of their places; up to and with a last one, if there is one.
SELECT
    d.place, d.row_id, d.name, d.dns_status, d.dns_reason, d.dns_ip, d.http_status, d.http_reason, d.status_code, d.title,
    d.keywords, d.is_parked, d.parked_confidence, d.content_hash, d.features, d.lead_status, d.rejection_reason, d.score,
    d.dns_checked_at, d.http_checked_at
FROM legacy_own d
WHERE d.campaign_id = $1 AND (d.place, d.row_id) > ($2::bigint, $3::text)
  AND ($4::bigint IS NULL OR (d.place, d.row_id) <= ($4, $5::text))
ORDER BY d.place, d.row_id
LIMIT $6

-- name: list_unplaced_rows
-- The same for domains without a place, which come last.
SELECT
    d.place, d.row_id, d.name, d.dns_status, d.dns_reason, d.dns_ip, d.http_status, d.http_reason, d.status_code, d.title,
    d.keywords, d.is_parked, d.parked_confidence, d.content_hash, d.features, d.lead_status, d.rejection_reason, d.score,
    d.dns_checked_at, d.http_checked_at
FROM legacy_own d
WHERE d.campaign_id = $1 AND d.place IS NULL AND d.row_id > $2::text AND ($3::text IS NULL OR d.row_id <= $3)
ORDER BY d.row_id
LIMIT $4

-- name: list_named_rows
-- Domains of a campaign by their names, as they are spelled there.
SELECT
    d.place, d.row_id, d.name, d.dns_status, d.dns_reason, d.dns_ip, d.http_status, d.http_reason, d.status_code, d.title,
    d.keywords, d.is_parked, d.parked_confidence, d.content_hash, d.features, d.lead_status, d.rejection_reason, d.score,
    d.dns_checked_at, d.http_checked_at
FROM legacy_own d
WHERE d.campaign_id = $1 AND d.name = ANY($2::text[])

-- name: measure_tables
-- What the old database weighs, in bytes: table by table, with indexes.
SELECT t.name, pg_total_relation_size(to_regclass(quote_ident(t.name))) AS byte_count
FROM unnest($1::text[]) AS t (name)
WHERE to_regclass(quote_ident(t.name)) IS NOT NULL

-- name: may_carry
-- Whether we may listen there: make a schema, and triggers on these tables.
SELECT
    has_database_privilege(current_database(), 'CREATE') AS may_create,
    coalesce(bool_and(has_table_privilege(to_regclass(quote_ident(t.name)), 'TRIGGER')), true) AS may_listen
FROM unnest($1::text[]) AS t (name)

-- name: is_captured
-- Whether our schema is there.
SELECT to_regclass('phaseline_migration.state') IS NOT NULL

-- name: find_capture
-- Which carrying the schema belongs to, and where writes go.
SELECT source_key, writes_go_to FROM phaseline_migration.state

-- name: list_changes
-- What was written down, in the order in which it was written; all of it is read before anything is forgotten.
SELECT change_id, source_table, campaign_id, first_place, last_place
FROM phaseline_migration.changes
ORDER BY change_id
LIMIT $1

-- name: delete_changes
-- What has been carried. By their ids: one with a lower id may have been committed since.
DELETE FROM phaseline_migration.changes WHERE change_id = ANY($1::bigint[])

-- name: count_changes
-- How many are waiting.
SELECT count(*) FROM phaseline_migration.changes

-- name: list_words
-- The different words that the domains of a batch have.
SELECT DISTINCT
    d.dns_status, d.dns_reason, d.http_status, d.http_reason, d.status_code, d.is_parked, d.lead_status, d.rejection_reason
FROM legacy_own d
WHERE d.campaign_id = $1 AND (d.place, d.row_id) > ($2::bigint, $3::text) AND (d.place, d.row_id) <= ($4::bigint, $5::text)

-- name: count_batch
-- How many domains a batch has by now.
SELECT count(*)
FROM legacy_own d
WHERE d.campaign_id = $1 AND (d.place, d.row_id) > ($2::bigint, $3::text) AND (d.place, d.row_id) <= ($4::bigint, $5::text)

-- name: list_odd_rows
-- Those of a batch that are changed on the way, so that their checksum is not computed here.
SELECT
    d.place, d.row_id, d.name, d.dns_status, d.dns_reason, d.dns_ip, d.http_status, d.http_reason, d.status_code, d.title,
    d.keywords, d.is_parked, d.parked_confidence, d.content_hash, d.features, d.lead_status, d.rejection_reason, d.score,
    d.dns_checked_at, d.http_checked_at
FROM legacy_own d
WHERE d.campaign_id = $1 AND (d.place, d.row_id) > ($2::bigint, $3::text) AND (d.place, d.row_id) <= ($4::bigint, $5::text)
  AND NOT d.is_plain AND d.row_id <> ALL($6::text[])

-- name: sum_plain_rows
-- What a batch's other domains come to in each phase, as counts and sums of hashes, by the outcomes that their words
-- stand for ($7) and the bits of their keywords ($8); but for those that were merged into others ($6).
WITH outcomes AS (
    SELECT o.*
    FROM jsonb_to_recordset($7::text::jsonb) AS o (
        dns_status text, dns_reason text, http_status text, http_reason text, status_code integer, is_parked boolean,
        lead_status text, rejection_reason text, dns integer, http integer, verdict integer, has_page boolean
    )
), keywords AS (
    SELECT k.word, k.bit FROM jsonb_to_recordset($8::text::jsonb) AS k (word text, bit bigint)
), carried AS (
    SELECT
        d.name, o.dns, o.http, o.verdict, o.has_page, d.status_code, d.title, d.score,
        CASE WHEN o.dns = 1 THEN (
            SELECT string_agg(lpad(to_hex(a.octet::integer), 2, '0'), '' ORDER BY a.number)
            FROM regexp_split_to_table(d.dns_ip, '[.,]') WITH ORDINALITY AS a (octet, number)
        ) END AS addresses,
        CASE WHEN o.has_page THEN (
            SELECT bit_or(k.bit)
            FROM unnest(string_to_array(lower(d.keywords), ',')) AS w (word)
            JOIN keywords k ON k.word = btrim(w.word)
        ) END AS bits
    FROM legacy_own d
    JOIN outcomes o
        ON o.dns_status IS NOT DISTINCT FROM d.dns_status AND o.dns_reason IS NOT DISTINCT FROM d.dns_reason
        AND o.http_status IS NOT DISTINCT FROM d.http_status AND o.http_reason IS NOT DISTINCT FROM d.http_reason
        AND o.status_code IS NOT DISTINCT FROM d.status_code AND o.is_parked IS NOT DISTINCT FROM d.is_parked
        AND o.lead_status IS NOT DISTINCT FROM d.lead_status
        AND o.rejection_reason IS NOT DISTINCT FROM d.rejection_reason
    WHERE d.campaign_id = $1 AND (d.place, d.row_id) > ($2::bigint, $3::text) AND (d.place, d.row_id) <= ($4::bigint, $5::text)
      AND d.is_plain AND d.row_id <> ALL($6::text[])
), texts AS (
    SELECT
        c.name AS name_text,
        CASE WHEN c.dns > 0 THEN concat_ws('|', c.name, c.dns, c.addresses) END AS dns_text,
        CASE WHEN c.http > 0 THEN concat_ws(
            '|', c.name, c.http, CASE WHEN c.status_code BETWEEN 1 AND 32767 THEN c.status_code ELSE 0 END,
            CASE WHEN c.has_page THEN coalesce(c.title, '') ELSE '' END, coalesce(c.bits, 0)
        ) END AS http_text,
        CASE WHEN c.verdict > 0 THEN concat_ws(
            '|', c.name, c.verdict,
            CASE WHEN c.has_page AND c.verdict <> 10
                THEN round(least(greatest(coalesce(c.score, 0) / $9::double precision, 0), 1) * 1000) ELSE 0
            END::integer
        ) END AS score_text
    FROM carried c
)
SELECT
    count(name_text) AS name_count, coalesce(sum(('x' || left(md5(name_text), 16))::bit(64)::bigint), 0) AS name_sum,
    count(dns_text) AS dns_count, coalesce(sum(('x' || left(md5(dns_text), 16))::bit(64)::bigint), 0) AS dns_sum,
    count(http_text) AS http_count, coalesce(sum(('x' || left(md5(http_text), 16))::bit(64)::bigint), 0) AS http_sum,
    count(score_text) AS score_count, coalesce(sum(('x' || left(md5(score_text), 16))::bit(64)::bigint), 0) AS score_sum
FROM texts

"""What a campaign holds, read: pages, leads, the funnel and exports.

    campaign and tenant -> its current sets -> candidate positions -> rows, filtered once more -> items | CSV | ...

`filters` are pure: what a caller asks for, checked against the closed lists. `store` runs the statements, `ground` says
where domains that pass can lie, `ways` (by position) and `ranking` (by score) look at what comes next, `scanning` walks
along the way that looks shortest, `views` answer, `funnel` counts, `tables` and `export` write files.

Invariants
- A campaign's sets are looked up once, with the tenant bound; from then on only set ids are bound. While a re-run
  fills new sets, readers see the old ones.
- Positions of a page are found first, from one index or within a bounded window, then the rest is read by position,
  with bounds on every table (inequalities do not cross joins). Every filter is applied again on the rows themselves, so
  what an index repeats can only narrow the search, never make an answer wrong.
- What the runs have counted chooses the way. Of a completed run it also tells that nobody has an outcome: then nothing
  is looked at. Which rows are shown, it never decides.
- The repeated facts on score rows are trusted only where the analysis read the sets that are current, and is not stale.
- No page inspects more than a bounded number of domains. One that finds less than was asked for ends early with a
  cursor that goes on from there, and says how many it inspected.
- An export holds no connection while its reader is slow: each batch is a transaction of its own, and ends by asking
  whether the sets are still there. If they are not, or anything else fails, the stream is cut off: HTTP's chunked
  encoding is then left open, the trailer of CSV and NDJSON is missing, and a Parquet file has no footer. It can be gone
  on with after the last position that came whole.

Order: by position, ascending; or by score, best first, and among equals by position, last first.

Ways, by position: along each wanted outcome in its index, merged (all HTTP outcomes; DNS outcomes but `resolved` and
`absent`; verdicts but `dns_negative`); through the pages that have any keyword; else through windows of positions, in
which all filters are applied at once. Scores that few have are sorted by position. By score: the index has each kind of
domain (its three outcomes) by itself, and few kinds score above 0, so the best of those that pass are merged; then what
scores 0, from the last position down. With a keyword: through the scores of pages that have any.
A prefix needs no index where a pattern made the names: those that begin so stand at neighbouring offsets, once in each
range that was leased.

Limits: names have no index of their own (it would cost 41 bytes a domain and half of the loading speed), so in imported
lists a prefix is looked for within bounded windows; so are `resolved`, `absent` and `dns_negative`, which are common as
a rule: where they are rare, a page looks far. So it does for a keyword that is rare among many pages with others: it
passes over these in the index. While generation is under way, names that arrive behind a cursor are not seen by it.
Scores that change during paging by score may show a domain twice or not at all; a whole new set of scores refuses older
cursors.
"""

"""The dual architecture that Phaseline replaced, as far as it is written down, so that promises can be measured.

A campaign has a type, a status and a progress_percentage, and beside them a phase, a phase status and a progress;
each domain has a row in which every phase writes what it found; each step is broadcast in two formats.

`schema.sql` has its tables, `planting` fills them, and `system` is the old system at work: one process that takes
jobs, carries a campaign through generation, DNS, HTTP and analysis in batches of 1,000, and tells everybody of each.

A fair opponent, since beating a straw man proves nothing. Where it is better here than it was:

- Names come by COPY, a batch at a time (they were inserted row by row), and are made by a plain enumeration.
- A batch is updated by one statement, over arrays, by campaign and offset, which is the quickest way there is (it was
  by name, and across campaigns); it is repeated without harm. Scores too, which were one statement that failed on
  large campaigns.
- A pool of connections, and four batches at once, which is where more bring nothing: each writes the campaign's rows.
- Ten indexes on domains, those that serve its work queues and its pages, of the 34 that it had.
- Neither triggers that count a whole campaign for each row, nor an audit record for each row, nor JSON arrays with all
  results of a campaign, rewritten for each batch. Counters are one row for each campaign, written once a batch.
- Results stand in the row of their domain and nowhere else; of the tables of results, which campaigns of one type
  have, a campaign of all phases writes none.
- Both messages of a step have the leaner of its two envelopes, and nothing else is told.
- PostgreSQL has the same settings as ours, but for generic plans, which it may use, and which we forbid ourselves.
- No foreign keys on rows that come by the million: they would cost time, and the old system has orphans.

As it was: names and results are held in memory until a phase ends, though without the pages' bodies, which took most
of it. `--streamed` leaves that out as well, and is measured beside it. Pages of domains tell how many there are in all,
as its contract says, and its funnel is one aggregate.
"""

"""Names from outside: a list is streamed in, read, normalised, staged, and merged into a campaign's names.

    bytes -> [gunzip] -> lines -> texts -> names | rejects -> staging -> one transaction -> names

`reader`, `formats`, `normalise` and `intake` are pure: bytes in, names and rejects out. `store` stages and merges,
`commands` carries one import from its first byte to its receipt.

Invariants
- Nothing is visible before the list is whole: staging lives in temporary tables of a session of its own, and the merge
  is one transaction, which asks once more whether the campaign may be given names.
- Staging is temporary rather than unlogged because a session ends with its process or its connection, and takes its
  tables and its lock along: there is nothing to sweep after a crash. It costs a connection beside the pool for as long
  as the sender takes, so imports at a time are bounded.
- One import at a time per campaign, by a session lock of the database, whichever process it comes to.
- Memory does not grow with the list: rows are staged in batches, and the database deduplicates.
- Lines read = accepted + duplicates + rejected + skipped; a later import adds to the names of an earlier one, whose
  positions stay.

Limits: lines, bytes of a line, decompressed bytes and expansion are bounded by named constants beside their use,
seconds without a byte and bytes a second by the application's `Patience`; a list that is beyond them is refused as a
whole. A single line that cannot be used is rejected by itself, with its number and its reason.
"""

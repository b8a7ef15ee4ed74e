"""The space of names that a pattern spans, and the name at each offset of it. Pure: no I/O, no time, no randomness.

A pattern is a label of *slots*: each place of the label has the characters that may stand there, and a constant's
places have one each. Everything follows from the slots: the size of the space is the product of their lengths, an
offset is a number in that mixed radix (most significant place first, so the last variable place varies fastest), and
the key of the space is their hash.

    pattern.py   what may be asked for: patterns, TLDs, sizes, keys
    names.py     offset -> name, one at a time or as a block laid out in numpy
    ranges.py    how many offsets of each TLD's space a campaign takes, and at which positions they stand
    prefixes.py  prefix -> the offsets, and the positions, at which names begin so

Invariants
- Offset -> name is a bijection between [0, space_size) and the space; it never depends on how the pattern was spelled.
- Names with one prefix stand at neighbouring offsets.
- Two patterns have one key exactly if they give the same name at every offset.
- A name marked valid is a host name: labels of letters, digits and inner hyphens, none of them an IDNA label by
  accident (RFC 1123 section 2.1, RFC 5891 section 4.2.3.1). `valid_count` says how many there are, exactly.

Limits: 63 bytes a label, 253 a name, 2^63 - 1 offsets a space, `TLDS_MAX` TLDs, `BLOCK_ROWS_MAX` names a block.
Labels are made of ASCII: letters joined to an A-label (`xn--…`) would spell another word, so there are none.
"""

"""How good a lead each name is, and why: pure functions of what the earlier phases found.

    weights.py   what may be asked for: weights of the components, thresholds of the verdict
    score.py     facts -> scores and reasons, by columns; the parts of one name's score

A score is a weighted mean of seven components, each within 0..1, halved for pages that may be parked, and rounded to
three decimals; a name without a page scores 0. The reason is the first that applies, and only `qualified` is a lead.

Invariants
- Every name has exactly one reason, so the counts of the reasons add up to the names scored.
- The parts of a score add up to it, and the verdict is on the rounded score: what is shown is what was decided on.
- Codes of `Reach` and `Reason` are stored; they are never given another meaning.
- The same facts, weights and thresholds give the same scores, row by row, however the rows are cut into chunks.
"""

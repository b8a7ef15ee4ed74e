"""What would come of it, before it is started: pattern previews and estimates. Nothing is locked, leased or written.

Invariants: a preview's free offsets are those of one instant, and another campaign may lease them first; an estimate
says whether its rate was measured on the tenant's own runs or is a stated default; warnings never refuse anything.
"""

"""Access: tenants, their keys, the sessions of their browsers, and who did what.

A key is `phl_` and 43 random characters; only its SHA-256 is stored, so it is shown once, when it is made. Whoever
presents a key acts for its tenant: every query of a feature binds the tenant, and another tenant's things are not
found. A key never stands in a URL or a log. Its scopes (`read`, `write`, `admin`; none includes another) and its expiry
bound what it can do, and what the keys that it makes can do. An expired key is like a revoked one: nobody's.

A session stands for a key in a browser: opened with the key, carried by a cookie that no script reads, ended by its
bearer, with its key, after 2 hours of rest or after 12 hours.

Invariants: over the network, a tenant's last admin key cannot be taken back; no key or session gives more than the one
that made it had; each act (key made or revoked, session opened or closed, campaign created) is written down in the
transaction that does it.

Connections that stay open (websockets) are let in once and asked about again: `engine` finds, for all of a process in
one statement, those whose key or session has ended, and they close. A session whose page watches is in use, so it ends
by its close, its key or its 12 hours only.

Limits: an open websocket outlives its key or session by up to about 10 seconds, and by as long as the database does not
answer.
"""

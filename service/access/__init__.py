"""Access: tenants and their keys.

A key is `phl_` and 43 random characters; only its SHA-256 is stored, so it is shown once, when it is made. Whoever
presents a key acts for its tenant: every query of a feature binds the tenant, and another tenant's things are not
found. A key never stands in a URL or a log.
"""

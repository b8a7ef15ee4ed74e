"""Does the contract still serve the callers of the last released one, which lies in `openapi/released`?

    released and present --older--> both in OpenAPI 3.0 --openapi-diff--> bodies that are not what they were
    released and present --words--> words, formats, media, scopes, names that are not what they were

openapi-diff compares bodies as sets of values, but reads no OpenAPI 3.1 and looks at neither parameters nor enums. So
`older` hands it parameters and websocket messages as bodies, in the words of 3.0, and `words` looks at the rest.

A break fails `make verify`, unless the version says so: another major one, or another minor one before 1.0. An answer
may gain fields and words (the contract says so), a request may gain what can be left out.
"""

"""Programs of Node that the contract's tests run, with packages pinned in `package-lock.json`.

They are installed when a test needs them first. Where there is no Node, these tests are skipped and say so; everything
else of the project does without.
"""

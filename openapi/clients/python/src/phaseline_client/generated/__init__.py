"""What is made from the contract, and from `awaited`, by `make client-python`; a change here is lost."""

"""Our side, as whole processes: each does the work once and tells in one line of JSON how that went."""

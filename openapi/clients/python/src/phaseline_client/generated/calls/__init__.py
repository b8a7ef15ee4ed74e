"""What each operation asks, as a value."""

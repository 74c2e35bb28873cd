"""Sessions made from other people's data."""

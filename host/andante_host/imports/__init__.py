"""Sessions made from other people's data: one file in, one finished session file out."""

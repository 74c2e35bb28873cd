"""Sessions and tables of sessions in formats that other programs read."""

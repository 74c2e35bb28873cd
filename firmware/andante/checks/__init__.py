"""Is every part alive and on time: one small check a part, its inputs passed in."""

"""The trainer behind the page: the way to the engine, who holds it, and what is seen live."""

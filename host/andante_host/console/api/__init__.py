"""What the page does, as documented JSON for the clinic's own programs."""

"""What to buy and how to put it together, worked out from the circuits and the pin map."""

"""How late each output really is: measured through the sensor board's sound line and photodiode."""

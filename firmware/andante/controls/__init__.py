"""What a patient can touch: the start/stop button and the tempo encoder."""

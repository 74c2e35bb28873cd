"""The part of Andante that runs on the Raspberry Pi."""

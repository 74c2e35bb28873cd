"""Installing the trainer on a Raspberry Pi. Standard library only: it runs before anything is."""

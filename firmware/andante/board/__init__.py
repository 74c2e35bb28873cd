"""The sensor board as the Pi sees it: wire format, clock sync, link."""

"""The session files of a device: which there are, what they say in short, and what is made of them.

No web code. Heavy work happens in a process of its own (`worker`), one job at a time.
"""

"""The therapist's page: what people and programs of the clinic see of the trainer.

A process of its own, so that it can never make a beat late; it meets the engine at its socket.
"""

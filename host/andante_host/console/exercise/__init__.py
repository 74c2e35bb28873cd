"""The patient's tablet: one exercise, large, with nothing else to reach.

A therapist's login on the tablet becomes the role patient-view, bound to a patient and a plan; the
way back to any other page is a new login.
"""

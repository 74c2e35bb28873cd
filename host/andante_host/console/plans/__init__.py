"""Plans for patients: what they can be made from, how they are filled in, kept and said in words.

What a plan may ask is decided by `andante.plan` and `andante.safety`; nothing here allows more.
"""

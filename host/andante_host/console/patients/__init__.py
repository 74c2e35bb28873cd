"""Patients, who have a code and no name, and what is known of each."""

"""Changing indexes on a live server: a dry run, steps that a kill cannot spoil, a journal, the way back."""

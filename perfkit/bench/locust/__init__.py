"""Locust in a program of its own: how it is started and ended, and what it is: users, their master, or a worker."""

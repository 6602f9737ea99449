"""Rules for Prometheus: what is recorded, what alerts, and the tests that hold each alert to firing and to silence."""

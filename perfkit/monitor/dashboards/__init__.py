"""Dashboards for Grafana: what each shows (pure tables), and Grafana's own words for it."""

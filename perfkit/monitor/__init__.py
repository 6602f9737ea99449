"""The monitor: an exporter for Prometheus, the rules that alert on it, and the dashboards that show it."""

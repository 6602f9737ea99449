"""An application's metrics, by the names that the usual Prometheus middleware and client libraries give them."""

from perfkit.monitor.metrics import Family, Kind

REQUESTS = Family("http_requests", "Requests.", ("method", "handler", "status"), Kind.COUNTER)
DURATION = Family(
    "http_request_duration_seconds", "Time of a request.", ("method", "handler"), Kind.HISTOGRAM
)
MEMORY = Family("process_resident_memory_bytes", "Memory of a process.")
CPU = Family("process_cpu_seconds", "Processor time of a process.", (), Kind.COUNTER)
REACHED = Family("up", "Whether Prometheus reached what it scrapes.")

JOB = "application"
EXPORTER_JOB = "perfkit"

# What programs ask, not people: scrapes, load balancers' checks, and files that no database is asked for.
NOT_USERS = "/metrics|/healthz|/readyz|/static/.*"
FAILED = "5.."

USERS = f'job="{JOB}",handler!~"{NOT_USERS}"'
"""The matchers of people's requests."""

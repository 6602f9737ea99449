"""pgbouncer.ini: transaction pooling, as many connections as were measured to serve most."""

import math
import re

from perfkit import units
from perfkit.render.heading import heading
from perfkit.render.model import Database, Stack
from perfkit.render.thresholds import THRESHOLDS

FILE = "pgbouncer.ini"
NEEDS = ("pool", "database")
_AUTH_QUERY = """\
# Or ask the database, with only auth_user in the file; the function is made once, by a superuser:
#   CREATE ROLE pgbouncer LOGIN; CREATE SCHEMA pgbouncer AUTHORIZATION pgbouncer;
#   CREATE FUNCTION pgbouncer.user_lookup(name text, OUT usename name, OUT passwd text) LANGUAGE sql SECURITY DEFINER
#     SET search_path = pg_catalog AS 'SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1 AND rolcanlogin';
#   REVOKE ALL ON FUNCTION pgbouncer.user_lookup FROM public; GRANT EXECUTE ON FUNCTION pgbouncer.user_lookup TO pgbouncer;
#auth_user = pgbouncer
#auth_query = SELECT usename, passwd FROM pgbouncer.user_lookup($1)
# Who may look at the pool (perfkit monitor serve --pool), and who may change it:
#stats_users = perfkit
#admin_users = postgres"""
_PLAIN = re.compile(r"[A-Za-z0-9_]+")


def pgbouncer_ini(stack: Stack) -> str:
    """Return the file; users and their passwords stay with the database's administrator."""
    assert stack.pool
    assert stack.database
    pool, places = stack.pool.value, stack.places
    reserve = max(1, math.ceil(pool * THRESHOLDS.reserve_share))
    clients = stack.users.value * THRESHOLDS.clients_per_user + THRESHOLDS.clients_beside
    facts = (
        (f"pool of {pool}", stack.pool.source),
        (f"{units.format_count(stack.users.value)} users", stack.users.source),
        ("database", stack.database.source),
    )
    return (
        heading(FILE, facts)
        + f"""
[databases]
{_entry(stack.database.value)}

[pgbouncer]
listen_addr = {places.pgbouncer.host.strip("[]")}
listen_port = {places.pgbouncer.port}
{_run(places.run)}
# A connection is a client's for one transaction: applications must not use session state (SET, LISTEN,
# advisory locks of a session, WITH HOLD), or connect to PostgreSQL itself for it.
pool_mode = transaction
default_pool_size = {pool}
reserve_pool_size = {reserve}
reserve_pool_timeout = {THRESHOLDS.reserve_wait_s}
# The pools of all users together; the reserve included.
max_db_connections = {pool + reserve}
# {THRESHOLDS.clients_per_user} a user, as releases overlap, and {THRESHOLDS.clients_beside} for administration; ulimit -n must be above {clients + pool + reserve}.
max_client_conn = {clients}
{_prepared(prepared=stack.prepared)}
# What JDBC and other drivers send and PgBouncer cannot keep.
ignore_startup_parameters = extra_float_digits

query_wait_timeout = {THRESHOLDS.query_wait_s}
idle_transaction_timeout = {THRESHOLDS.idle_transaction_s}
server_connect_timeout = {THRESHOLDS.connect_s}
server_idle_timeout = {THRESHOLDS.server_idle_s}
server_lifetime = {THRESHOLDS.server_lifetime_s}
tcp_keepalive = 1
tcp_keepidle = 60

# Who may connect. The file has a line "user" "secret" each: SCRAM secrets from pg_authid, or passwords; mode 600.
auth_type = scram-sha-256
auth_file = {places.users_file}
{_AUTH_QUERY}
"""
    )


def _entry(database: Database) -> str:
    name = (
        database.name if _PLAIN.fullmatch(database.name) else '"{}"'.format(database.name.replace('"', '""'))
    )
    value = "'{}'".format(database.name.replace("'", "''"))
    address = database.address
    return f"{name} = host={address.host.strip('[]')} port={address.port} dbname={value}"


def _run(folder: str) -> str:
    if not folder:
        return "unix_socket_dir = /run/postgresql\npidfile = /run/postgresql/pgbouncer.pid\nlogfile = /var/log/postgresql/pgbouncer.log"
    return f"unix_socket_dir =\npidfile = {folder}/pgbouncer.pid\nlogfile = {folder}/pgbouncer.log"


def _prepared(*, prepared: bool) -> str:
    if prepared:
        return "# Prepared statements of the protocol are kept for each connection of the pool.\nmax_prepared_statements = 200"
    return (
        "# From PgBouncer 1.21 on it keeps prepared statements (perfkit render --prepared); before, drivers must not make any\n"
        "# (psycopg: prepare_threshold=None; JDBC: prepareThreshold=0).\n#max_prepared_statements = 200"
    )

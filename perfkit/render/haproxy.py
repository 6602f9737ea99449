"""haproxy.cfg: requests to the instances that are ready, fewest connections first; a lost one costs no request."""

from perfkit import units
from perfkit.render.heading import heading
from perfkit.render.model import Stack
from perfkit.render.thresholds import THRESHOLDS

FILE = "haproxy.cfg"
NEEDS = ("instances",)


def haproxy_cfg(stack: Stack) -> str:
    """Return the file, for HAProxy 2.4 or later."""
    assert stack.instances
    places = stack.places
    connections = stack.users.value * THRESHOLDS.clients_per_user + THRESHOLDS.clients_beside
    facts = (
        (units.counted(stack.instances.value, "instance"), stack.instances.source),
        (f"{units.format_count(stack.users.value)} users", stack.users.source),
        (f"ready {stack.ready.value}", stack.ready.source),
    )
    servers = "\n".join(
        f"    server api{number} {address}" for number, address in enumerate(stack.instances.value, 1)
    )
    return (
        heading(FILE, facts)
        + f"""
global
    log stdout format raw local0 notice
    # {THRESHOLDS.clients_per_user} connections a user: browsers open several.
    maxconn {2 * connections}
    stats socket {places.run or "/run/haproxy"}/admin.sock mode 660 level admin
{_resolvers(places.resolver)}
defaults
    mode http
    log global
    option httplog
    option dontlognull
    maxconn {connections}
    timeout connect {THRESHOLDS.connect_s}s
    timeout client {THRESHOLDS.request_s}s
    timeout server {THRESHOLDS.request_s}s
    timeout queue {THRESHOLDS.query_wait_s}s
    timeout http-request {THRESHOLDS.headers_s}s
    timeout http-keep-alive {THRESHOLDS.keep_alive_s}s
    timeout check {THRESHOLDS.connect_s}s

frontend users
    bind {places.haproxy}
    option forwardfor
    # Where TLS ends here: bind :443 ssl crt /etc/haproxy/site.pem alpn h2,http/1.1
    http-request set-header X-Forwarded-Proto https if {{ ssl_fc }}
    default_backend instances

backend instances
    balance leastconn
    option httpchk
    http-check send meth GET uri {stack.ready.value}
    http-check expect status 200
    # A request whose instance died before it answered goes to another one at once, but only where asking twice does no
    # harm; a connection that was not made is tried again for all, as nothing was asked yet. Slow answers and 503 are not
    # asked again: what has too much to do would get more of it.
    retries {THRESHOLDS.retries}
    option redispatch 1
    retry-on conn-failure empty-response junk-response 0rtt-rejected
    http-request disable-l7-retry unless {{ method GET HEAD OPTIONS }}
    # Connections to an instance are kept, and shared by users where that is safe.
    http-reuse safe
    # An instance is down after {THRESHOLDS.check_times} checks that fail: one that drains (ready answers 503) gets no new requests and ends those
    # that it has. By hand: echo "set server instances/api1 state drain" | socat - {places.run or "/run/haproxy"}/admin.sock
    default-server check inter {THRESHOLDS.check_ms}ms fastinter {THRESHOLDS.check_fast_ms}ms downinter {THRESHOLDS.check_ms}ms fall {THRESHOLDS.check_times} rise {THRESHOLDS.check_times} observe layer4 error-limit 1 on-error fastinter slowstart {THRESHOLDS.slow_start_s}s{" init-addr libc,none resolvers names" if places.resolver else ""}
{servers}

frontend metrics
    bind {places.haproxy_metrics}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    http-request return status 404
"""
    )


def _resolvers(resolver: str) -> str:
    return f"\nresolvers names\n    nameserver own {resolver}\n    hold valid 10s\n" if resolver else ""

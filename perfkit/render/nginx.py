"""nginx.conf: the origin behind a CDN: balancing, static files, compression, lifetimes, surrogate keys and purging."""

import re

from perfkit import units
from perfkit.render.heading import heading
from perfkit.render.model import Address, Endpoint, Stack
from perfkit.render.thresholds import THRESHOLDS

FILE = "nginx.conf"
NEEDS = ("instances",)
# name.3f9a2c1b.js, name-BxZ8k2Qa.css: as bundlers write the hash of a file's content into its name. A name that only looks
# so (Summer2024) must not match: a browser would keep it for a year. A hash that is missed is only asked for again.
_HEXADECIMAL = r"(?=[0-9]*[a-f])(?=[a-f]*[0-9])[0-9a-f]{8,}"
_MIXED = r"(?=\w*[0-9][A-Za-z])(?=\w*[A-Z])(?=\w*[a-z])\w{8,}"
_ENDINGS = "js|mjs|css|map|wasm|woff2?|ttf|svg|png|jpe?g|gif|webp|avif|ico"
HASHED = rf"[.-](?:{_HEXADECIMAL}|{_MIXED})\.(?:{_ENDINGS})$"
_TYPES = "text/css text/javascript application/javascript application/json image/svg+xml text/plain application/xml font/ttf"
_PARAMETER = re.compile(r"\{\w+\}")
_SPECIAL = re.compile(r"([\\.^$*+?()\[\]{}|])")


def nginx_conf(stack: Stack, upstream: tuple[Address, ...] = ()) -> str:
    """Return the file, which passes requests to `upstream`, by default to the instances themselves."""
    assert stack.instances
    places = stack.places
    servers = upstream or stack.instances.value
    connections = stack.users.value * THRESHOLDS.clients_per_user + THRESHOLDS.clients_beside
    facts = (
        (units.counted(stack.instances.value, "instance"), stack.instances.source),
        (f"{units.format_count(stack.users.value)} users", stack.users.source),
    )
    return (
        heading(FILE, facts)
        + _top(places.run, connections)
        + f"""
http {{
{_MIME}
{_paths(places.run)}
    sendfile on;
    tcp_nopush on;
    server_tokens off;
    keepalive_timeout {THRESHOLDS.keep_alive_s}s;
    client_header_timeout {THRESHOLDS.headers_s}s;
    client_body_timeout {THRESHOLDS.headers_s}s;
    send_timeout {THRESHOLDS.request_s}s;

    gzip on;
    gzip_comp_level {THRESHOLDS.compress_level};
    gzip_min_length {THRESHOLDS.compress_bytes};
    gzip_proxied any;
    gzip_vary on;
    gzip_types {_TYPES};
    # Files that were compressed when they were built (site.css.gz) are sent as they are.
    gzip_static on;
    # With nginx's brotli module (load_module modules/ngx_http_brotli_static_module.so; above):
    #brotli_static on;

{_lifetime(places.static)}
{_maps(stack.endpoints)}
{_upstream(servers)}
    # What is public is kept here too, so that a CDN's many places ask the application once.
    proxy_cache_path {places.run or "/var/cache/nginx"}/origin keys_zone=origin:10m max_size=256m inactive=1d use_temp_path=off;

    server {{
        listen {places.nginx};
{_proxied()}
{_locations(places.static)}
    }}
}}
"""
    )


def _top(run: str, connections: int) -> str:
    paths = (
        f'pid "{run}/nginx.pid";\nerror_log stderr warn;'
        if run
        else "user www-data;\npid /run/nginx.pid;\nerror_log stderr warn;"
    )
    return f"""
worker_processes auto;
{paths}

events {{
    # Of each worker: {THRESHOLDS.clients_per_user} a user and {THRESHOLDS.clients_beside} beside, each with a connection to the application.
    worker_connections {max(1024, 2 * connections)};
}}
"""


_MIME = """    types {
        text/html html htm;
        text/css css;
        text/javascript js mjs;
        application/json json map;
        application/xml xml;
        application/wasm wasm;
        image/svg+xml svg;
        image/png png;
        image/jpeg jpg jpeg;
        image/webp webp;
        image/avif avif;
        image/x-icon ico;
        font/woff2 woff2;
        font/ttf ttf;
        application/pdf pdf;
        text/plain txt;
    }
    default_type application/octet-stream;"""


def _paths(run: str) -> str:
    if not run:
        return "    access_log /var/log/nginx/access.log;"
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return "\n".join(["    access_log off;", *(f'    {kind}_temp_path "{run}/{kind}";' for kind in kinds)])


def _lifetime(static: str) -> str:
    immutable = f"public, max-age={THRESHOLDS.immutable_s}, immutable"
    if static:
        return f"""    # A name with a hash means one content for ever; all else a browser asks for again.
    map $uri $lifetime {{
        default "no-cache";
        "~{HASHED}" "{immutable}";
    }}"""
    return f"""    # A name with a hash means one content for ever. Of a redirect, an error, an answer to somebody (Authorization: no
    # value begins with a space), and of what it says is private, or not to be kept, the application's word counts.
    map "$status $http_authorization $upstream_http_cache_control" $lifetime {{
        default $upstream_http_cache_control;
        "~*^(200|206|304) {{2}}(?!.*(private|no-store|no-cache))" "{immutable}";
    }}"""


def _maps(endpoints: tuple[Endpoint, ...]) -> str:
    keys = "\n".join(f'        "~^{_pattern(each.path)}$" "{each.name}";' for each in endpoints)
    return f"""    # What a CDN may purge together: by the hash's kind, else by the endpoint (Fastly: Surrogate-Key; others: Cache-Tag).
    map $uri $surrogate_key {{
        default "page";
        "~{HASHED}" "static";
{keys}
    }}
    # How long a CDN keeps what is public (RFC 9213), and that it may serve it while the application is away. What the
    # application says is private, or not to be kept, no cache may keep: then it is told nothing.
    map $upstream_http_cache_control $shared_lifetime {{
        default "max-age={THRESHOLDS.edge_s}, stale-while-revalidate={THRESHOLDS.edge_s}, stale-if-error={THRESHOLDS.stale_s}";
        "~*(private|no-store|no-cache)" "";
        "~*max-age=" "";
        "" "";
    }}
    # Purging here, without another module: a request with this header from these addresses is answered anew, and kept:
    #   curl -H 'X-Refresh: 1' http://origin/path
    geo $may_refresh {{
        default 0;
        127.0.0.1/32 1;
    }}
    map "$may_refresh:$http_x_refresh" $refresh {{
        default 0;
        "1:1" 1;
    }}
    # And at the CDN, by key, when the data of an endpoint changed (POST; the token from the environment):
    #   Fastly      https://api.fastly.com/service/$SERVICE/purge/KEY         -H "Fastly-Key: $TOKEN"
    #   Cloudflare  https://api.cloudflare.com/client/v4/zones/$ZONE/purge_cache  -d '{{"tags":["KEY"]}}'
"""


def _upstream(servers: tuple[Address, ...]) -> str:
    lines = "\n".join(
        f"        server {each} max_fails=2 fail_timeout={THRESHOLDS.slow_start_s}s;" for each in servers
    )
    return f"""    upstream application {{
        least_conn;
        zone application 64k;
{lines}
        # Idle connections that each worker keeps; shorter than an instance keeps them.
        keepalive {8 * len(servers)};
        keepalive_timeout {THRESHOLDS.keep_alive_s}s;
    }}
"""


def _proxied() -> str:
    return f"""
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header Host $host;
        proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        proxy_set_header X-Forwarded-Proto $scheme;
        proxy_connect_timeout {THRESHOLDS.connect_s}s;
        proxy_read_timeout {THRESHOLDS.request_s}s;
        # Another instance is asked, but never twice for what may change something (no non_idempotent).
        proxy_next_upstream error timeout http_502 http_503 http_504;
        proxy_next_upstream_tries {THRESHOLDS.retries};

        proxy_cache origin;
        # Encodings are kept apart (Vary); one request at a time fills an entry; an old one is served meanwhile.
        proxy_cache_key $scheme$host$request_uri;
        proxy_cache_lock on;
        proxy_cache_revalidate on;
        proxy_cache_background_update on;
        proxy_cache_use_stale error timeout updating http_500 http_502 http_503 http_504;
        # What somebody is answered is nobody else's (RFC 9111, 3.5); nginx does not look at it.
        proxy_no_cache $http_authorization;
        proxy_cache_bypass $refresh $http_authorization;
        add_header X-Cache $upstream_cache_status always;"""


def _locations(static: str) -> str:
    shared = """            add_header Surrogate-Key $surrogate_key;
            add_header Cache-Tag $surrogate_key;
            add_header X-Cache $upstream_cache_status always;"""
    files = (
        f"""
        # Files from the disk; what is not there is the application's.
        root "{static}";
        location / {{
            try_files $uri @application;
            etag on;
            add_header Cache-Control $lifetime;
            add_header Surrogate-Key $surrogate_key;
            add_header Cache-Tag $surrogate_key;
        }}
        location @application {{
            proxy_pass http://application;
{shared}
            add_header CDN-Cache-Control $shared_lifetime;
        }}"""
        if static
        else f"""
        location / {{
            proxy_pass http://application;
{shared}
            add_header CDN-Cache-Control $shared_lifetime;
        }}
        location ~ "{HASHED}" {{
            proxy_pass http://application;
            proxy_cache_valid 200 1d;
            proxy_hide_header Cache-Control;
            add_header Cache-Control $lifetime always;
{shared}
        }}"""
    )
    return f"""{files}
        # For programs on the inside, not for the world.
        location ~ ^/(metrics|healthz|readyz)$ {{
            return 404;
        }}"""


def _pattern(path: str) -> str:
    """Return the regular expression of the paths of an endpoint, without its query string."""
    parts = _PARAMETER.split(path.partition("?")[0])
    return "[^/]+".join(_SPECIAL.sub(r"\\\1", part).replace('"', '\\"') for part in parts)

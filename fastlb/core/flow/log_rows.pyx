"""The table of what the data path says in the error log (log_rows.pxd).

Level, module, and the line; wording and numbers are Apache's where it has them. What
stands in braces is asked for when a line is said (log_fact of service_log.pyx).
"""

cdef dict LOG_ROWS = {
    SAY_ACCEPT: ("error", "core", "AH00014: accept: cannot take connections"),
    SAY_FULL: (
        "error", "mpm_fastlb",
        "AH00161: server reached MaxRequestWorkers setting, consider raising the "
        "MaxRequestWorkers setting; further requests wait"),
    SAY_READ_TIMEOUT: ("info", "reqtimeout", "AH01382: Request {detail} read timeout"),
    SAY_HANDSHAKE: (
        "info", "ssl",
        "AH02008: SSL library error 1 in handshake: {detail}"),
    SAY_NO_ADDRESS: (
        "error", "proxy",
        "AH00898: DNS lookup failure for: {member_host} returned by {uri}"),
    SAY_CONNECT_FAILED: (
        "error", "proxy",
        "AH00957: http: attempt to connect to {member} ({member}) failed"),
    SAY_TARGET_FAILED: (
        "error", "proxy",
        "AH00939: CONNECT: attempt to connect to {member} ({member_host}) failed"),
    SAY_MEMBER_DOWN: (
        "error", "proxy",
        "AH00959: ap_proxy_connect_backend disabling worker for ({member}) for "
        "{retry_s}s; {next_try}"),
    SAY_MEMBER_FAILED: (
        "error", "proxy_http",
        "AH01114: HTTP: failed to make connection to backend: {member_host}"),
    SAY_STATUS_LINE: (
        "error", "proxy_http",
        "AH01102: error reading status line from remote server {member}"),
    SAY_CORRUPT: (
        "error", "proxy_http",
        "AH01106: bad HTTP response head returned by {member} for {uri}: {began!r}"),
    SAY_RESPONSE: (
        "error", "proxy_http",
        "AH01110: error reading response from {member} for {uri}"),
    SAY_SEND: ("error", "proxy_http", "AH01084: pass request body failed to {member}"),
    SAY_TUNNEL_BEGINS: (
        "debug", "proxy_http",
        "AH10239: HTTP: tunneling protocol {upgrade}"),
    SAY_TUNNEL_LOST: (
        "debug", "proxy",
        "AH03308: ap_proxy_transfer_between_connections: error on {detail} ({member})"),
    SAY_UPGRADE_TIMED_OUT: (
        "info", "proxy_http",
        "AH10224: tunnel timed out: {member} and the client were silent for {idle_s}s"),
    SAY_CONNECT_TIMED_OUT: ("error", "proxy_connect", "AH10224: tunnel timed out"),
    SAY_UPGRADE_MISSING: (
        "info", "proxy_wstunnel",
        "AH02900: require upgrade for URL {member_url} (Upgrade header is "
        "{asked_upgrade}, expecting {upgrade})"),
    SAY_RETURNED: ("error", "proxy", "AH00898: {detail} returned by {uri}"),
    SAY_UNRESOLVED: (
        "error", "proxy_connect",
        "AH02327: failed to resolve hostname '{member_host}'"),
    SAY_ACQUIRE: (
        "error", "proxy",
        "AH00941: HTTP: failed to acquire connection for ({member})"),
    SAY_DISABLED: (
        "error", "proxy",
        "AH00940: HTTP: disabled connection for ({member})"),
    SAY_DENIED: (
        "error", "authz_core",
        "AH01630: client denied by server configuration: {uri}"),
    SAY_MISREAD: (
        "error", "authz_core",
        "AH01630: client denied by server configuration: {uri} (allowed, but not as "
        "a member may read it: {misread})"),
    SAY_CLIMBS: (
        "error", "proxy",
        "FB0313: the mapping makes a path that climbs: {target}; write a slash "
        "before the group of the pattern"),
    SAY_SECTIONS: (
        "error", "core",
        "FB0314: more than {number} sections apply to {uri}; merge some of them"),
    SAY_LOCK_OF_DEAD: (
        "warn", "proxy_balancer",
        "FB0310: a worker died within an election; the balancer's state was made "
        "whole"),
    SAY_LOCK_OF_LIVING: (
        "error", "proxy_balancer",
        "FB0311: process {number} kept a balancer's lock for more than "
        "{lock_wait_s:g}s and lives: the lock was taken over; if it is not stopped "
        "by a debugger, end it"),
    SAY_BEGAN_ANEW: (
        "error", "proxy_balancer",
        "FB0312: the balancer's state held numbers that no election makes: it begins "
        "anew; something wrote over it, a worker may have been taken over"),
    SAY_BAD_CERTIFICATE: (
        "error", "ssl",
        "AH02039: Certificate Verification: Error ({number}): {detail}: {member} "
        "({member_host})"),
    SAY_EXPIRED: (
        "warn", "ssl",
        "AH02004: SSL Proxy: Peer certificate is expired: {member} ({member_host})"),
    SAY_OTHER_NAME: (
        "warn", "ssl",
        "AH02411: SSL Proxy: Peer certificate does not match for hostname "
        "{tls_name}: {member} ({member_host})"),
    SAY_NO_HANDSHAKE: (
        "warn", "ssl",
        "AH02003: SSL Proxy connect failed: {detail}: {member} ({member_host})"),
    SAY_NOT_PASSED: (
        "error", "proxy",
        "AH01084: pass request body failed to {member} ({member_host})"),
    SAY_NOT_PASSED_FROM: (
        "error", "proxy_http",
        "AH01097: pass request body failed to {member} ({member_host}) from {client} "
        "()"),
    SAY_NO_ENGINE: (
        "error", "ssl",
        "AH01961: SSL Proxy requested for {member} but not enabled [Hint: "
        "SSLProxyEngine]"),
    SAY_NO_SSL: (
        "error", "proxy",
        "AH00961: HTTPS: failed to enable ssl support for {member}"),
    SAY_PLAIN: (
        "error", "ssl",
        "AH02219: access to {uri} failed, reason: SSL connection required"),
    SAY_NO_NAME: (
        "warn", "ssl",
        "AH02033: No hostname was provided via SNI for a name based virtual host"),
    SAY_NO_HOST: (
        "error", "ssl",
        "AH02031: Hostname {handshake_host} provided via SNI, but no hostname "
        "provided in HTTP request"),
    SAY_MISDIRECTED: (
        "error", "ssl",
        "AH02032: Hostname {handshake_host} provided via SNI and hostname {host} "
        "provided via HTTP have no compatible SSL setup"),
    SAY_MISDIRECTED_UNNAMED: (
        "error", "ssl",
        "AH02032: Hostname {handshake_host} (default host as no SNI was provided) "
        "and hostname {host} provided via HTTP have no compatible SSL setup"),
    SAY_NOT_ASKED: (
        "error", "ssl",
        "AH10158: cannot perform post-handshake authentication: the handshake was "
        "not for {host}, which asks for certificates of clients"),
    SAY_ROUTE_LOST: (
        "error", "proxy_balancer",
        "AH01167: {balancer}: All workers are in error state for route ({route})"),
    SAY_NO_MEMBERS: (
        "error", "proxy_balancer",
        "AH01171: No workers in balancer {balancer}"),
    SAY_ALL_IN_ERROR: (
        "error", "proxy_balancer",
        "AH01170: {balancer}: All workers are in error state"),
    SAY_FAIL_ON_STATUS: (
        "error", "proxy_balancer",
        "AH01174: Forcing worker ({member}) into error state due to status code "
        "{number} matching 'failonstatus' balancer parameter"),
    SAY_FAIL_ON_TIMEOUT: (
        "error", "proxy_balancer",
        "AH02460: Forcing worker ({member}) into error state due to timeout and "
        "'failontimeout' parameter being set"),
    SAY_FORCED: (
        "debug", "proxy_balancer",
        "AH01165: {balancer}: Forcing recovery for worker ({member}) and all others, "
        "which were in error"),
    SAY_NOT_BOUND: (
        "error", "proxy",
        "AH00956: http: failed to bind socket to local address {detail} "
        "(ProxySourceAddress)"),
    SAY_TARGET_NOT_BOUND: (
        "error", "proxy",
        "AH00938: CONNECT: failed to bind socket to local address {detail} "
        "(ProxySourceAddress)"),
}

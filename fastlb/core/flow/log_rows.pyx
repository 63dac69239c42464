"""What the data path says in the error log: a row for each line (log_rows.pxd).

Level, module, and the line; wording and numbers are Apache's where it has them. What
stands in braces is asked for when a line is said (log_fact of service_log.pyx).
"""

cdef log_row SAY_ACCEPT = log_row(
    b"error", b"core",
    b"AH00014: accept: cannot take connections")
cdef log_row SAY_FULL = log_row(
    b"error", b"mpm_fastlb",
    b"AH00161: server reached MaxRequestWorkers setting, consider raising the "
    b"MaxRequestWorkers setting; further requests wait")
# detail: the stage
cdef log_row SAY_READ_TIMEOUT = log_row(
    b"info", b"reqtimeout",
    b"AH01382: Request {detail} read timeout")
# detail: what the library says
cdef log_row SAY_HANDSHAKE = log_row(
    b"info", b"ssl",
    b"AH02008: SSL library error 1 in handshake: {detail}")
cdef log_row SAY_NO_ADDRESS = log_row(
    b"error", b"proxy",
    b"AH00898: DNS lookup failure for: {member_host} returned by {uri}")
cdef log_row SAY_CONNECT_FAILED = log_row(
    b"error", b"proxy",
    b"AH00957: http: attempt to connect to {member} ({member}) failed")
# of a CONNECT
cdef log_row SAY_TARGET_FAILED = log_row(
    b"error", b"proxy",
    b"AH00939: CONNECT: attempt to connect to {member} ({member_host}) failed")
# ProxyRemote. number: the status of its answer
cdef log_row SAY_REMOTE_REFUSED = log_row(
    b"error", b"proxy",
    b"FB0317: the proxy before {member} refuses a tunnel to it: {number}")
# detail: what went wrong
cdef log_row SAY_REMOTE_LOST = log_row(
    b"error", b"proxy",
    b"FB0318: no tunnel to {member} through the proxy before it: {detail}")
cdef log_row SAY_MEMBER_DOWN = log_row(
    b"error", b"proxy",
    b"AH00959: ap_proxy_connect_backend disabling worker for ({member}){down_for}; "
    b"{next_try}")
cdef log_row SAY_MEMBER_OUT = log_row(
    b"notice", b"proxy_balancer",
    b"FB0322: {balancer}: member {member_url} is out: {lost_evidence}; {next_try}")
# number: the status
cdef log_row SAY_MEMBER_OUT_STATUS = log_row(
    b"notice", b"proxy_balancer",
    b"FB0322: {balancer}: member {member_url} is out: it has answered with {number} "
    b"(failonstatus); {next_try}")
# detail: what the library says
cdef log_row SAY_MEMBER_OUT_TLS = log_row(
    b"notice", b"proxy_balancer",
    b"FB0322: {balancer}: member {member_url} is out: no TLS with it: {detail}; "
    b"{next_try}")
# number: milliseconds since it failed
cdef log_row SAY_MEMBER_BACK = log_row(
    b"notice", b"proxy_balancer",
    b"FB0323: {balancer}: member {member_url} is back: retry={retry_s} had passed, it "
    b"was tried again and took a connection, {number} ms after it failed")
cdef log_row SAY_MEMBER_BACK_FORCED = log_row(
    b"notice", b"proxy_balancer",
    b"FB0323: {balancer}: member {member_url} is back: all members were out, so it was "
    b"tried before retry={retry_s} had passed, and took a connection, {number} ms "
    b"after it failed")
cdef log_row SAY_MEMBER_BACK_EJECTED = log_row(
    b"notice", b"proxy_balancer",
    b"FB0323: {balancer}: member {member_url} is back: it was ejected, is asked again, "
    b"and took a connection, {number} ms after it failed")
cdef log_row SAY_EJECTED = log_row(
    b"notice", b"proxy_balancer",
    b"FB0362: {balancer}: member {member_url} is ejected for {eject_for}: {eject_why}, "
    b"the last one: {lost_evidence}; out are {eject_room}")
# number: the status
cdef log_row SAY_EJECTED_STATUS = log_row(
    b"notice", b"proxy_balancer",
    b"FB0362: {balancer}: member {member_url} is ejected for {eject_for}: {eject_why}, "
    b"the last one with {number}; out are {eject_room}")
cdef log_row SAY_NOT_EJECTED = log_row(
    b"notice", b"proxy_balancer",
    b"FB0363: {balancer}: member {member_url} fails and serves on: {eject_why}, the "
    b"last one: {lost_evidence}; out would be {eject_room}")
# number: the status
cdef log_row SAY_NOT_EJECTED_STATUS = log_row(
    b"notice", b"proxy_balancer",
    b"FB0363: {balancer}: member {member_url} fails and serves on: {eject_why}, the "
    b"last one with {number}; out would be {eject_room}")
cdef log_row SAY_MEMBER_FAILED = log_row(
    b"error", b"proxy_http",
    b"AH01114: HTTP: failed to make connection to backend: {member_host}")
cdef log_row SAY_STATUS_LINE = log_row(
    b"error", b"proxy_http",
    b"AH01102: error reading status line from remote server {member}")
cdef log_row SAY_AGAIN = log_row(
    b"info", b"proxy",
    b"FB0324: {member} has ended a kept connection under a request: {uri} is sent "
    b"again on a new one, since {again}")
cdef log_row SAY_MOVED = log_row(
    b"info", b"proxy_balancer",
    b"FB0360: {balancer}: {uri} is sent to another member than {member_url}, which "
    b"gave no answer: {again}")
cdef log_row SAY_MOVED_UNSENT = log_row(
    b"info", b"proxy_balancer",
    b"FB0360: {balancer}: {uri} is sent to another member than {member_url}, which was "
    b"not reached: {again}")
# number: the status
cdef log_row SAY_MOVED_STATUS = log_row(
    b"info", b"proxy_balancer",
    b"FB0360: {balancer}: {uri} is sent to another member than {member_url}, which has "
    b"answered with {number}: {again}")
# number: how many
cdef log_row SAY_BUDGET = log_row(
    b"warning", b"proxy_balancer",
    b"FB0361: {balancer}: {number} requests were sent again within {budget_s:g} s, as "
    b"many as retrybudget={retry_budget}% allows: until these are over, what a member "
    b"fails to do is not tried at another one")
cdef log_row SAY_KEPT_LONG = log_row(
    b"debug", b"proxy",
    b"FB0325: {uri} takes a new connection to {member}, for it cannot be sent twice: "
    b"kept ones are idle for {kept_s:.3f}s and more; {kept_known}, so "
    b"{kept_for_s:.3f}s are sure")
cdef log_row SAY_CORRUPT = log_row(
    b"error", b"proxy_http",
    b"AH01106: bad HTTP response head returned by {member} for {uri}: {began!r}")
cdef log_row SAY_CODED_LOST = log_row(
    b"error", b"proxy",
    b"AH00992: the head of an answer was not read from {member} for {uri}")
cdef log_row SAY_CODED_BAD = log_row(
    b"error", b"proxy",
    b"AH00893: dialog to {member} for {uri} failed: {began!r} is no answer by its "
    b"protocol")
cdef log_row SAY_CODED_PING = log_row(
    b"error", b"proxy", b"AH00897: cping/cpong failed to {member}")
cdef log_row SAY_RESPONSE = log_row(
    b"error", b"proxy_http",
    b"AH01110: error reading response from {member} for {uri}")
# once a minute
cdef log_row SAY_FILTERS_FULL = log_row(
    b"warn", b"deflate",
    b"FB0820: {uri}: a worker codes no more bodies at once; others go as they are, and "
    b"are answered with 503 where they cannot")
cdef log_row SAY_FILTER_BROKEN = log_row(
    b"error", b"deflate",
    b"FB0821: {uri}: what {member} sends cannot be read by a filter; the answer is "
    b"broken off")
# both once a minute
cdef log_row SAY_PAGE_CODED = log_row(
    b"warn", b"proxy_html",
    b"FB0824: {uri}: {member} has coded the page, so that links in it cannot be "
    b"changed; it goes as it is")
cdef log_row SAY_PAGE_LEFT = log_row(
    b"warn", b"proxy_html",
    b"FB0825: {uri}: links in the page from {member} stay as they are: a value, a "
    b"script or what becomes of it is too long, a pattern took too long, or memory is "
    b"short")
cdef log_row SAY_SEND = log_row(
    b"error", b"proxy_http",
    b"AH01084: pass request body failed to {member}")
cdef log_row SAY_FILTER_BOUND = log_row(
    b"error", b"filter",
    b"FB0822: {uri}: a filter on what {member} sends: {detail}; the answer is broken "
    b"off")
cdef log_row SAY_FILTERS_MANY = log_row(
    b"error", b"filter",
    b"FB0823: {uri}: all sections of it together name more filters, Substitute or "
    b"ProxyHTMLURLMap than change one answer; it is answered with 500")
cdef log_row SAY_TUNNEL_BEGINS = log_row(
    b"debug", b"proxy_http",
    b"AH10239: HTTP: tunneling protocol {upgrade}")
# detail: whose side
cdef log_row SAY_TUNNEL_LOST = log_row(
    b"debug", b"proxy",
    b"AH03308: ap_proxy_transfer_between_connections: error on {detail} ({member})")
cdef log_row SAY_UPGRADE_TIMED_OUT = log_row(
    b"info", b"proxy_http",
    b"AH10224: tunnel timed out: {member} and the client were silent for {idle_s}s")
cdef log_row SAY_CONNECT_TIMED_OUT = log_row(
    b"error", b"proxy_connect",
    b"AH10224: tunnel timed out")
cdef log_row SAY_UPGRADE_MISSING = log_row(
    b"info", b"proxy_wstunnel",
    b"AH02900: require upgrade for URL {member_url} (Upgrade header is "
    b"{asked_upgrade}, expecting {upgrade})")
# detail: what
cdef log_row SAY_RETURNED = log_row(
    b"error", b"proxy",
    b"AH00898: {detail} returned by {uri}")
# of a CONNECT
cdef log_row SAY_UNRESOLVED = log_row(
    b"error", b"proxy_connect",
    b"AH02327: failed to resolve hostname '{member_host}'")
cdef log_row SAY_ACQUIRE = log_row(
    b"error", b"proxy",
    b"AH00941: HTTP: failed to acquire connection for ({member})")
# once a second
cdef log_row SAY_OVERLOADED = log_row(
    b"error", b"proxy_balancer",
    b"FB0330: {balancer}: its members have as many requests as they may (max=), and "
    b"those that wait are too many (maxqueue=) or waited for too long (timeout=): "
    b"answered with 503; {queued} wait now")
cdef log_row SAY_DISABLED = log_row(
    b"error", b"proxy",
    b"AH00940: HTTP: disabled connection for ({member})")
cdef log_row SAY_DENIED = log_row(
    b"error", b"authz_core",
    b"AH01630: client denied by server configuration: {uri}")
cdef log_row SAY_MISREAD = log_row(
    b"error", b"authz_core",
    b"AH01630: client denied by server configuration: {uri} (allowed, but not as "
    b"a member may read it: {misread})")
cdef log_row SAY_HANDLER = log_row(
    b"error", b"proxy",
    b"FB0316: SetHandler sends {uri} to a member that it does not write out")
cdef log_row SAY_CLIMBS = log_row(
    b"error", b"proxy",
    b"FB0313: mapping or rule makes a path that climbs: {target}; write a slash "
    b"before the group of the pattern")
# number: how many may
cdef log_row SAY_SECTIONS = log_row(
    b"error", b"core",
    b"FB0314: more than {number} sections apply to {uri}; merge some of them")
cdef log_row SAY_LOCK_OF_DEAD = log_row(
    b"warn", b"proxy_balancer",
    b"FB0310: a worker died within an election; the balancer's state was made "
    b"whole")
# number: its process
cdef log_row SAY_LOCK_OF_LIVING = log_row(
    b"error", b"proxy_balancer",
    b"FB0311: process {number} kept a balancer's lock for more than "
    b"{lock_wait_s:g}s and lives: the lock was taken over; if it is not stopped "
    b"by a debugger, end it")
cdef log_row SAY_BEGAN_ANEW = log_row(
    b"error", b"proxy_balancer",
    b"FB0312: the balancer's state held numbers that no election makes: it begins "
    b"anew; something wrote over it, a worker may have been taken over")
# number: the library's; detail: its words
cdef log_row SAY_BAD_CERTIFICATE = log_row(
    b"error", b"ssl",
    b"AH02039: Certificate Verification: Error ({number}): {detail}: {member} "
    b"({member_host})")
cdef log_row SAY_EXPIRED = log_row(
    b"warn", b"ssl",
    b"AH02004: SSL Proxy: Peer certificate is expired: {member} ({member_host})")
cdef log_row SAY_OTHER_NAME = log_row(
    b"warn", b"ssl",
    b"AH02411: SSL Proxy: Peer certificate does not match for hostname "
    b"{tls_name}: {member} ({member_host})")
# detail: why
cdef log_row SAY_NO_HANDSHAKE = log_row(
    b"warn", b"ssl",
    b"AH02003: SSL Proxy connect failed: {detail}: {member} ({member_host})")
cdef log_row SAY_NOT_PASSED = log_row(
    b"error", b"proxy",
    b"AH01084: pass request body failed to {member} ({member_host})")
cdef log_row SAY_NOT_PASSED_FROM = log_row(
    b"error", b"proxy_http",
    b"AH01097: pass request body failed to {member} ({member_host}) from {client} "
    b"()")
cdef log_row SAY_NO_ENGINE = log_row(
    b"error", b"ssl",
    b"AH01961: SSL Proxy requested for {member} but not enabled [Hint: "
    b"SSLProxyEngine]")
cdef log_row SAY_NO_SSL = log_row(
    b"error", b"proxy",
    b"AH00961: HTTPS: failed to enable ssl support for {member}")
cdef log_row SAY_PLAIN = log_row(
    b"error", b"ssl",
    b"AH02219: access to {uri} failed, reason: SSL connection required")
cdef log_row SAY_NO_CERTIFICATE = log_row(
    b"error", b"ssl",
    b"AH10158: access to {uri} failed: SSLVerifyClient wants a certificate, and the "
    b"handshake has brought none that holds")
cdef log_row SAY_CIPHER = log_row(
    b"error", b"ssl",
    b"AH02264: SSL cipher suite not renegotiated: access to {uri} denied using cipher "
    b"{detail}")
cdef log_row SAY_TLS_REQUIRE = log_row(
    b"error", b"ssl",
    b"AH02229: access to {uri} failed, reason: SSL requirement expression not "
    b"fulfilled")
cdef log_row SAY_SPOOF = log_row(
    b"error", b"ssl", b"AH02035: Encountered FakeBasicAuth spoof: {user}")
cdef log_row SAY_COLON = log_row(
    b"error", b"ssl",
    b"AH10096: Cannot use FakeBasicAuth for username containing a colon: {user}")
cdef log_row SAY_NO_NAME = log_row(
    b"warn", b"ssl",
    b"AH02033: No hostname was provided via SNI for a name based virtual host")
cdef log_row SAY_NO_HOST = log_row(
    b"error", b"ssl",
    b"AH02031: Hostname {handshake_host} provided via SNI, but no hostname "
    b"provided in HTTP request")
cdef log_row SAY_MISDIRECTED = log_row(
    b"error", b"ssl",
    b"AH02032: Hostname {handshake_host} provided via SNI and hostname {host} "
    b"provided via HTTP have no compatible SSL setup")
cdef log_row SAY_MISDIRECTED_UNNAMED = log_row(
    b"error", b"ssl",
    b"AH02032: Hostname {handshake_host} (default host as no SNI was provided) "
    b"and hostname {host} provided via HTTP have no compatible SSL setup")
cdef log_row SAY_NOT_ASKED = log_row(
    b"error", b"ssl",
    b"AH10158: cannot perform post-handshake authentication: the handshake was "
    b"not for {host}, which asks for certificates of clients")
cdef log_row SAY_ROUTE_LOST = log_row(
    b"error", b"proxy_balancer",
    b"AH01167: {balancer}: All workers are in error state for route ({route})")
cdef log_row SAY_NO_MEMBERS = log_row(
    b"error", b"proxy_balancer",
    b"AH01171: No workers in balancer {balancer}")
cdef log_row SAY_ALL_IN_ERROR = log_row(
    b"error", b"proxy_balancer",
    b"AH01170: {balancer}: All workers are in error state")
# number: the status
cdef log_row SAY_FAIL_ON_STATUS = log_row(
    b"error", b"proxy_balancer",
    b"AH01174: Forcing worker ({member}) into error state due to status code "
    b"{number} matching 'failonstatus' balancer parameter")
cdef log_row SAY_FAIL_ON_TIMEOUT = log_row(
    b"error", b"proxy_balancer",
    b"AH02460: Forcing worker ({member}) into error state due to timeout and "
    b"'failontimeout' parameter being set")
cdef log_row SAY_FORCED = log_row(
    b"debug", b"proxy_balancer",
    b"AH01165: {balancer}: Forcing recovery for worker ({member}) and all others, "
    b"which were in error")
# detail: the address
cdef log_row SAY_NOT_BOUND = log_row(
    b"error", b"proxy",
    b"AH00956: http: failed to bind socket to local address {detail} "
    b"(ProxySourceAddress)")
# of a CONNECT; detail: the address
cdef log_row SAY_TARGET_NOT_BOUND = log_row(
    b"error", b"proxy",
    b"AH00938: CONNECT: failed to bind socket to local address {detail} "
    b"(ProxySourceAddress)")
cdef log_row SAY_OLD = log_row(
    b"error", b"access_compat",
    b"AH01797: client denied by server configuration: {uri}")
cdef log_row SAY_PASSWORD = log_row(
    b"error", b"auth_basic",
    b'AH01617: user {user}: authentication failure for "{uri}": Password Mismatch')
cdef log_row SAY_NO_USER = log_row(
    b"error", b"auth_basic",
    b"AH01618: user {user} not found: {uri}")
cdef log_row SAY_SCHEME = log_row(
    b"error", b"auth_basic",
    b"AH01614: client used wrong authentication scheme: {uri}")
cdef log_row SAY_NO_AUTH_NAME = log_row(
    b"error", b"auth_basic",
    b"AH01615: need AuthName: {uri}")
cdef log_row SAY_NO_FILE = log_row(
    b"error", b"authn_file",
    b"AH01619: AuthUserFile not specified in the configuration")
cdef log_row SAY_NO_DIRECTORY = log_row(
    b"error", b"authnz_ldap",
    b"FB0368: user {user}: the directory of AuthLDAPURL cannot be asked: {uri}")
cdef log_row SAY_FILE_CLOSED = log_row(
    b"error", b"authn_file",
    b"AH01620: Could not open password file: {auth_file}")
cdef log_row SAY_FILE_LARGE = log_row(
    b"error", b"authn_file",
    b"FB0367: {auth_file} is not read: it is larger than {auth_file_bytes} bytes")
cdef log_row SAY_DIGEST_NO_NAME = log_row(
    b"error", b"auth_digest",
    b"AH01780: need AuthName: {uri}")
cdef log_row SAY_DIGEST_SCHEME = log_row(
    b"error", b"auth_digest",
    b"AH01781: client used wrong authentication scheme: {uri}")
cdef log_row SAY_DIGEST_BROKEN = log_row(
    b"error", b"auth_digest",
    b"AH01782: missing user, realm, nonce, uri, digest, cnonce, or nonce_count in "
    b"authorization header: {uri}")
cdef log_row SAY_DIGEST_URI = log_row(
    b"error", b"auth_digest",
    b"AH01786: uri mismatch - <{digest_uri}> does not match request-uri <{sent}>")
cdef log_row SAY_DIGEST_OPAQUE = log_row(
    b"error", b"auth_digest",
    b"AH01787: received invalid opaque - got `{digest_opaque}'")
cdef log_row SAY_DIGEST_REALM = log_row(
    b"error", b"auth_digest",
    b"AH01788: realm mismatch - got `{digest_realm}' but expected `{realm}'")
cdef log_row SAY_DIGEST_ALGORITHM = log_row(
    b"error", b"auth_digest",
    b"AH01789: unknown algorithm `{digest_algorithm}' received: {uri}")
cdef log_row SAY_DIGEST_NO_USER = log_row(
    b"error", b"auth_digest",
    b"AH01790: user `{user}' in realm `{realm}' not found: {uri}")
cdef log_row SAY_DIGEST_QOP = log_row(
    b"error", b"auth_digest",
    b"AH10560: invalid or missing qop value '{digest_qop}', RFC 2069 is no longer "
    b"supported: {uri}")
cdef log_row SAY_DIGEST_PASSWORD = log_row(
    b"error", b"auth_digest",
    b"AH01794: user {user}: password mismatch: {uri}")
cdef log_row SAY_NONCE_FORGED = log_row(
    b"error", b"auth_digest",
    b"AH01776: invalid nonce {digest_nonce} received - it is not signed by us for "
    b"this realm")
cdef log_row SAY_NONCE_EARLY = log_row(
    b"error", b"auth_digest",
    b"AH01777: invalid nonce {digest_nonce} received - user attempted time travel")
cdef log_row SAY_NONCE_OLD = log_row(
    b"info", b"auth_digest",
    b"AH01778: user {user}: nonce expired - sending new nonce")
cdef log_row SAY_NONCE_COUNT = log_row(
    b"error", b"auth_digest",
    b"AH01773: invalid nc {digest_count} received - not a number")
cdef log_row SAY_NONCE_CLIENT = log_row(
    b"info", b"auth_digest",
    b"AH10618: client {digest_opaque} is no longer known - sending new nonce")
cdef log_row SAY_NONCE_USED = log_row(
    b"info", b"auth_digest",
    b"AH01779: user {user}: one-time-nonce {digest_nonce} already used - sending new "
    b"nonce")
cdef log_row SAY_NONCE_REPLAYED = log_row(
    b"error", b"auth_digest",
    b"AH01774: Warning, possible replay attack: nonce-count check failed: "
    b"{digest_count} is not above the last one for nonce {digest_nonce}")
cdef log_row SAY_NOT_HIM = log_row(
    b"error", b"authz_core",
    b'AH01631: user {user}: authorization failure for "{uri}": ')
cdef log_row SAY_NO_TYPE = log_row(
    b"error", b"core",
    b"AH00027: No authentication done but request not allowed without "
    b"authentication for {uri}. Authentication not configured?")
cdef log_row SAY_NO_REQUIRE = log_row(
    b"error", b"authz_core",
    b"AH01627: AuthType configured with no corresponding authorization directives")
cdef log_row SAY_TOO_MANY = log_row(
    b"error", b"authn_file",
    b"FB0350: {uri}: too many passwords are being checked")
cdef log_row SAY_METHOD = log_row(
    b"error", b"allowmethods",
    b"AH01623: client method denied by server configuration: '{method}' to {uri}")
cdef log_row SAY_ELSEWHERE = log_row(
    b"info", b"fastlb",
    b"FB0353: {uri}: AuthRequest was answered with {granted_status}")
cdef log_row SAY_NO_ANSWER = log_row(
    b"error", b"fastlb",
    b"FB0354: {uri}: AuthRequest was answered with {granted_status}, which is neither "
    b"yes nor no")
cdef log_row SAY_UNANSWERED = log_row(
    b"error", b"fastlb",
    b"FB0366: {uri}: nobody whom AuthRequest names gave an answer")
cdef log_row SAY_UNKNOWN_TYPE = log_row(
    b"error", b"authn_core",
    b"AH01796: AuthType configured without corresponding module")
cdef log_row SAY_UNSAFE_MARK = log_row(
    b"error", b"rewrite",
    b"AH10508: Unsafe URL with %3f URL rewritten without UnsafeAllow3F")
# detail: of a rule its pattern
cdef log_row SAY_REWRITE_LENGTH = log_row(
    b"error", b"rewrite",
    b"FB0806: RewriteRule '{detail}' and URI '{uri}' exceeded maximum length")
cdef log_row SAY_REWRITE_ROUNDS = log_row(
    b"error", b"rewrite",
    b"AH02596: RewriteRule '{detail}' and URI '{uri}' exceeded maximum number of "
    b"rounds via the [N] flag")
cdef log_row SAY_RAW_QUERY = log_row(
    b"error", b"rewrite",
    b"AH10410: Rewritten query string contains control characters or spaces")
cdef log_row SAY_RAW_TARGET = log_row(
    b"error", b"proxy",
    b"AH10415: To be forwarded path contains control characters or spaces")
cdef log_row SAY_UNKNOWN_TARGET = log_row(
    b"error", b"rewrite",
    b"FB0807: RewriteRule '{detail}' sends {uri} to a host that is none of its own")
# number: the limit
cdef log_row SAY_INTERNAL_REDIRECTS = log_row(
    b"error", b"core",
    b"AH00124: Request exceeded the limit of {number} internal redirects due to "
    b"probable configuration error.")
cdef log_row SAY_RULE_FORBIDDEN = log_row(
    b"error", b"rewrite",
    b"AH00670: Options FollowSymLinks and SymLinksIfOwnerMatch are both off, so the "
    b"RewriteRule directive is also forbidden due to its similar ability to circumvent "
    b"directory restrictions: {uri}")
cdef log_row SAY_TOO_MANY_LOOKS = log_row(
    b"error", b"core",
    b"AH00125: Request exceeded the limit of {number} subrequest nesting levels due "
    b"to probable configuration error.")
cdef log_row SAY_MAP_IS_SILENT = log_row(
    b"error", b"rewrite",
    b"FB0810: {uri}: the program of a RewriteMap has given no answer")
cdef log_row SAY_FILE_SHORT = log_row(
    b"error", b"core",
    b"FB0420: {uri}: the file has become shorter while it was sent")
cdef log_row SAY_FILE_OVERRIDDEN = log_row(
    b"error", b"core",
    b"FB0421: {uri}: a .htaccess file lies on the way to the file, and AllowOverride "
    b"lets it say something; it is not read, so nothing is sent")
cdef log_row SAY_FILE_IS_RUN = log_row(
    b"error", b"core",
    b"FB0425: {uri}: the file has a handler or a filter that is not here, so it is "
    b"not sent")
cdef log_row SAY_FILE_DENIED = log_row(
    b"error", b"core",
    b"AH00132: file permissions deny server access: {uri}")
cdef log_row SAY_NO_INDEX = log_row(
    b"error", b"autoindex",
    b"AH01276: Cannot serve directory {uri}: no matching DirectoryIndex found, and "
    b"server-generated directory index forbidden by Options directive")
cdef log_row SAY_LISTING_DENIED = log_row(
    b"error", b"autoindex",
    b"AH01275: Can't open directory for index: {uri}")
cdef log_row SAY_LISTINGS_ARE_MANY = log_row(
    b"error", b"autoindex",
    b"FB0426: {uri}: pages of directories take all the memory that a worker has for "
    b"them, so this one is not made now")
cdef log_row SAY_PREFACE_IS_NONE = log_row(
    b"error", b"remoteip",
    b"FB0320: RemoteIPProxyProtocol: the connection does not begin with a PROXY "
    b"header")
cdef log_row SAY_PREFACE_TOO_LONG = log_row(
    b"error", b"remoteip",
    b"AH10185: RemoteIPProxyProtocol header too long")
# detail: what it is about, and the line
cdef log_row SAY_PREFACE_LACKS = log_row(
    b"error", b"remoteip",
    b"AH03497: RemoteIPProxyProtocol: no '{detail}'")
cdef log_row SAY_PREFACE_FAMILY = log_row(
    b"error", b"remoteip",
    b"AH03499: RemoteIPProxyProtocol: unknown family '{detail}'")
cdef log_row SAY_PREFACE_ADDRESS = log_row(
    b"error", b"remoteip",
    b"AH03500: RemoteIPProxyProtocol: invalid client-address '{detail}'")
cdef log_row SAY_PREFACE_PORT = log_row(
    b"error", b"remoteip",
    b"AH03501: RemoteIPProxyProtocol: error parsing port '{detail}'")
cdef log_row SAY_PREFACE_BYTES = log_row(
    b"error", b"remoteip",
    b"AH10186: RemoteIPProxyProtocol protocol header length too long")
# number: what was said
cdef log_row SAY_PREFACE_COMMAND = log_row(
    b"error", b"remoteip",
    b"AH03507: RemoteIPProxyProtocol: unsupported command {number:02x}")
cdef log_row SAY_PREFACE_PROTOCOL = log_row(
    b"error", b"remoteip",
    b"AH10183: RemoteIPProxyProtocol: unsupported protocol {number:02x}")
# --- applications behind a gateway -------------------------------------------------

# detail: what the application said
cdef log_row SAY_FASTCGI_SAID = log_row(
    b"error", b"proxy_fcgi",
    b"AH01071: Got error '{detail}'")
# number: the version
cdef log_row SAY_FASTCGI_VERSION = log_row(
    b"error", b"proxy_fcgi",
    b"AH01068: Got bogus version {number} from {member}")
# number: of the request
cdef log_row SAY_FASTCGI_NUMBER = log_row(
    b"error", b"proxy_fcgi",
    b"AH01069: Got bogus rid {number}, expected 1, from {member}")
# number: the kind
cdef log_row SAY_FASTCGI_RECORD = log_row(
    b"error", b"proxy_fcgi",
    b"AH01072: Got bogus record {number} from {member}")
# number: how many were
cdef log_row SAY_FASTCGI_ENOUGH = log_row(
    b"error", b"proxy_fcgi",
    b"FB0398: {member} has said {number} things beside this answer; what more it says "
    b"is left out")
cdef log_row SAY_SCRIPT_HEAD = log_row(
    b"error", b"proxy_fcgi",
    b"FB0396: End of script output before headers: {member}")
cdef log_row SAY_SCRIPT_STATUS = log_row(
    b"error", b"proxy",
    b"FB0397: Invalid status line from script: {member}; it has to be a number from "
    b"200 to 999")
cdef log_row SAY_UWSGI_SIZE = log_row(
    b"error", b"proxy_uwsgi",
    b"AH10259: can't send headers to {member}: packet size too large; uwsgi takes "
    b"65535 bytes of variables")

"""Members that a request chooses among: by [P] and ProxyPassMatch."""

from ..case import Case, Conf, get

CHOSEN = Conf(
    "hosts",
    r"""
LoadModule rewrite_module modules/mod_rewrite.so
UseCanonicalName On
RewriteEngine on
RewriteMap members txt:{root}/members
RewriteMap low int:tolower

RewriteRule ^/group/(localhost|127\.0\.0\.1)/(.*) http://$1:{m0}/$2 [P]
RewriteRule ^/digits/([0-9])/(.*) http://127.0.0.$1:{m1}/$2 [P]
RewriteRule ^/nocase/(localhost)/(.*) http://$1:{m1}/$2 [P,NC]

RewriteCond %{HTTP:X-To} ^(?:to-)?(127|localhost)$
RewriteCond %{HTTP:X-To} !^localhost
RewriteRule ^/cond/(.*) http://%1.0.0.1:{m0}/$1 [P]

RewriteCond %{HTTP:X-To} ^a-(127)$ [OR]
RewriteCond %{HTTP:X-To} ^b-(12[78])$
RewriteRule ^/or/(.*) http://%1.0.0.1:{m1}/$1 [P]

RewriteCond ${members:%{HTTP:X-To}} ^(.+)$
RewriteRule ^/map/(.*) http://%1/$1 [P]

RewriteCond ${low:%{SERVER_NAME}} ^front\.(.*)$
RewriteRule ^/own/(.*) http://127.0.0.1:{m0}/%1/$1 [P]

RewriteCond %{HTTP:X-To} ^(one|two)$
RewriteRule ^/env - [E=to:${members:%1}]
RewriteRule ^/env/(.*) http://%{ENV:to}/$1 [P]

RewriteRule ^/balancer/([^/]*)/(.*) balancer://$1/$2 [P]
RewriteRule ^(/path.*) http://127.0.0.1:{m0}$1 [P]
RewriteRule ^/end http://127.0.0.1:{m1}%{REQUEST_URI} [P]
RewriteRule ^/empty(.*) http://127.0.0.1:{m1}$1 [P]

ProxyPassMatch ^/match/(localhost|127\.0\.0\.1)/(.*) http://$1:{m1}/$2
ProxyPassMatch ^/both/(127)/(x|y)/([01])\.([01]) http://$1.0.$3.$4:{m0}/$2
ProxyPassMatch ^/bal/(one|two)/(.*) balancer://$1/$2

<Proxy balancer://one>
  BalancerMember http://127.0.0.1:{m0}
</Proxy>
<Proxy balancer://two>
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
ProxyPass /b1 balancer://one
ProxyPass /b2 balancer://two
""",
    files={"members": "one 127.0.0.1:{m0}\ntwo 127.0.0.1:{m1}\n"},
)


def _case(path: str, *fields: str) -> Case:
    return Case(f"hosts: {' '.join((path, *fields))}", CHOSEN, get(path, *fields))


CASES: tuple[Case, ...] = (
    *(
        _case(path)
        for path in (
            *("/group/localhost/x", "/group/127.0.0.1/x?a=b", "/group/other/x"),
            *("/digits/1/x", "/digits/9/x", "/digits/10/x", "/nocase/LOCALHOST/x"),
            *("/own/x", "/balancer/one/x", "/balancer/two/x?y", "/path", "/path/x?y"),
            *("/end/x?y", "/empty/x", "/empty", "/match/localhost/x?y"),
            *("/match/127.0.0.1/x", "/match/elsewhere/x", "/both/127/x/0.1"),
            *("/both/127/y/0.1?q", "/both/127/z/0.1", "/bal/one/x", "/bal/two/y"),
            "/bal/three/y",
        )
    ),
    *(
        _case(f"/{place}/x?y", f"X-To: {who}")
        for place, names in (
            ("cond", ("127", "to-127", "localhost", "other")),
            ("or", ("a-127", "b-127", "c-127")),
            ("map", ("one", "two", "three")),
            ("env", ("one", "two")),
        )
        for who in names
    ),
)

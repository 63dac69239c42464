"""What directives may be answered with that can be read but not served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastlb.base.messages.message import Message

MODEL: Final[Mapping[str, Message]] = {
    "FB0200": Message(
        "warning",
        "A variable that steers Apache's proxy is set, and steers nothing here.",
        "Leave it out; the message says what is done.",
    ),
    "FB0201": Message(
        "warning",
        "upgrade= stands where a balancer's parameters do; it is for all members.",
        "Write it behind each BalancerMember.",
    ),
    "FB0202": Message(
        "error",
        "An expression (expr=, %{...} in a URL) is used.",
        "Expressions are not supported; SetEnvIf with env=NAME often does the same.",
    ),
    "FB0203": Message(
        "error",
        "A section names no path.",
        "Write the path: <Location /app>.",
    ),
    "FB0204": Message(
        "warning",
        "A rule reads a BALANCER_ or SSL_ variable that is never set.",
        "Correct its name.",
    ),
    "FB0205": Message(
        "notice",
        "The cookie of sticky sessions is open to scripts and other sites.",
        "Add HttpOnly and SameSite to it.",
    ),
    "FB0206": Message(
        "warning",
        "No Listen stands in the configuration: the start will fail.",
        "Write Listen and a port.",
    ),
    "FB0207": Message(
        "warning",
        "A virtual host stands for a port on which nothing listens.",
        "Write Listen for that port.",
    ),
    "FB0208": Message(
        "warning",
        "Two virtual hosts of one address have the same name.",
        "Merge them; the first gets every request.",
    ),
    "FB0209": Message(
        "warning",
        "TLS is spoken on port 80, or plain HTTP on port 443.",
        "Write SSLEngine on where the port is 443.",
    ),
    "FB0210": Message(
        "error",
        "The address or port of a Listen is malformed.",
        "Write Listen 8080, Listen 127.0.0.1:8080 or Listen [::1]:8080.",
    ),
    "FB0211": Message(
        "error",
        "Two Listen lines name one address and port.",
        "Remove one of them.",
    ),
    "FB0212": Message(
        "error",
        "The host name of a Listen does not resolve.",
        "Write the IP address.",
    ),
    "FB0213": Message(
        "error",
        "A ServerName is malformed.",
        "Write ServerName www.example.com, with :port if need be.",
    ),
    "FB0214": Message(
        "error",
        "The address of a virtual host is malformed.",
        "Write <VirtualHost *:80>.",
    ),
    "FB0215": Message(
        "warning",
        "The host name of a virtual host does not resolve.",
        "Write * or an IP address, and the name as ServerName.",
    ),
    "FB0216": Message(
        "error",
        "SSLProtocol leaves no version of TLS.",
        "Write SSLProtocol all -TLSv1 -TLSv1.1.",
    ),
    "FB0217": Message(
        "error",
        "The TLS library knows none of the ciphers that are written.",
        "openssl ciphers -v lists their names.",
    ),
    "FB0218": Message(
        "error",
        "A handshake's setting stands inside a section: it would need a second one.",
        "Write it in the <VirtualHost>.",
    ),
    "FB0219": Message(
        "warning",
        "A virtual host has a certificate and speaks plain HTTP.",
        "Write SSLEngine on.",
    ),
    "FB0220": Message(
        "error",
        "A ProxyPass line lacks a part or has one too many.",
        "Write ProxyPass /path http://host/path key=value.",
    ),
    "FB0221": Message(
        "warning",
        "mapping=servlet is taken as mapping=encoded.",
    ),
    "FB0222": Message(
        "error",
        "A regular expression cannot be compiled.",
        "The message says where it fails.",
    ),
    "FB0223": Message(
        "error",
        "A target URL is malformed.",
        "Write http://host:port/path or balancer://name/path.",
    ),
    "FB0224": Message(
        "error",
        "The host of a target would come from the request.",
        "Write the host, then a slash, then $1.",
    ),
    "FB0225": Message(
        "error",
        "Members of this scheme are not served.",
        "Use http:// or https:// towards the member.",
    ),
    "FB0226": Message(
        "error",
        "A BalancerMember or ProxySet line lacks a part or has one too many.",
        "Put it inside <Proxy balancer://name>.",
    ),
    "FB0227": Message(
        "warning",
        "A member's URL begins with that of another: the line is ignored.",
        "Put the longer URL first.",
    ),
    "FB0228": Message(
        "error",
        "ProxySet names a balancer or member that does not exist.",
        "Put it behind the definition, or inside <Proxy>.",
    ),
    "FB0229": Message(
        "error",
        "A <Proxy> for a pattern has parameters.",
        "Write them with ProxySet in a <Proxy> for one URL.",
    ),
    "FB0230": Message(
        "error",
        "A parameter of a member or balancer is not known or has a wrong value.",
        "See the manual of ProxyPass.",
    ),
    "FB0232": Message(
        "warning",
        "routeregex= is an extension that Apache refuses.",
        "Write stickysessionsep= where that will do.",
    ),
    "FB0233": Message(
        "warning",
        "status=hot_standby is taken as status=+H.",
        "Write status=+H.",
    ),
    "FB0234": Message(
        "warning",
        "Parameters of health checks have no effect where they stand.",
        "Write hcmethod= behind a BalancerMember.",
    ),
    "FB0235": Message(
        "warning",
        "ping= is not a periodic check.",
        "Leave it out where a health check was meant.",
    ),
    "FB0236": Message(
        "warning",
        "A virtual host gives members to a balancer of the main server: not used.",
        "Give its balancer another name.",
    ),
    "FB0237": Message(
        "notice",
        "Nothing sends requests to a balancer.",
        "Write ProxyPass to it, or remove it.",
    ),
    "FB0238": Message(
        "error",
        "A file or directory that an SSL line names is not there, or is empty.",
        "Correct the path; relative ones begin at ServerRoot.",
    ),
    "FB0239": Message(
        "error",
        "A proxy or a network of a RemoteIP directive cannot be read.",
        "Write addresses, networks such as 10.0.0.0/8, or names that can be resolved.",
    ),
    "FB0240": Message(
        "warning",
        "Members outside <Proxy> are taken as if the section stood around them.",
        "Write the <Proxy> and </Proxy> lines that the message shows.",
    ),
    "FB0241": Message(
        "warning",
        "status=+H means hot standby: such members wait for the others to fail.",
        "Leave it out where a health check was meant.",
    ),
    "FB0242": Message(
        "warning",
        "All members of a balancer are disabled or stopped.",
        "Enable one.",
    ),
    "FB0243": Message(
        "warning",
        "Two members have one route.",
        "Give each its own.",
    ),
    "FB0244": Message(
        "warning",
        "A route contains the separator.",
        "Choose another route or stickysessionsep=.",
    ),
    "FB0245": Message(
        "warning",
        "stickysession= without a route on any member: nothing sticks.",
        "Write route= on each member.",
    ),
    "FB0246": Message(
        "warning",
        "One member lacks the route that the others have.",
        "Write route= on it.",
    ),
    "FB0247": Message(
        "warning",
        "Members have routes but the balancer has no stickysession=.",
        "Write ProxySet stickysession=COOKIE.",
    ),
    "FB0248": Message(
        "warning",
        "redirect= names a route that no member has.",
        "Correct it.",
    ),
    "FB0249": Message(
        "warning",
        "timeout= is one second or less: slow answers become 502.",
        "Write connectiontimeout= if that was meant.",
    ),
    "FB0250": Message(
        "error",
        "A log directive lacks a part, or its condition is malformed.",
        "Write CustomLog file format env=NAME.",
    ),
    "FB0251": Message(
        "error",
        "A log level is not known.",
        "Write one of emerg alert crit error warn notice info debug trace1-8.",
    ),
    "FB0252": Message(
        "warning",
        "LogLevel in a section has no effect.",
        "Write it outside the section.",
    ),
    "FB0253": Message(
        "error",
        "A log format has an unknown letter.",
        "See the letters in the manual of LogFormat.",
    ),
    "FB0254": Message(
        "warning",
        "A log names a format that is not defined.",
        "Define it with LogFormat.",
    ),
    "FB0255": Message(
        "warning",
        "A log format names something that is never known here, so it prints -.",
        "Leave the item out.",
    ),
    "FB0256": Message(
        "warning",
        "A file that an SSL line names may not be read by this user.",
        "Run the check as the user who starts the server.",
    ),
    "FB0257": Message(
        "error",
        "A file that an SSL line names does not hold what it should, in PEM.",
        "Look into it with openssl x509 -text, or write the right file.",
    ),
    "FB0258": Message(
        "error",
        "A certificate has no key, or one that is not its own.",
        "Write the key that the certificate was made with.",
    ),
    "FB0259": Message(
        "warning",
        "A private key is encrypted, and nothing tells its phrase.",
        "Write SSLPassPhraseDialog exec:/path/to/program.",
    ),
    "FB0260": Message(
        "error",
        "A Require or its container stands where it decides nothing.",
        "Put it inside <RequireAll> with a positive Require.",
    ),
    "FB0261": Message(
        "error",
        "A Require is malformed or of an unknown kind.",
        "Write Require all, ip, host, forward-dns, local, env or method.",
    ),
    "FB0262": Message(
        "error",
        "This kind of Require is not supported.",
    ),
    "FB0263": Message(
        "error",
        "Order, Allow, Deny or Satisfy is malformed.",
        "Write it as Require.",
    ),
    "FB0264": Message(
        "warning",
        "Access directives of Apache 2.2 are still taken.",
        "Write them as Require.",
        retired=True,
    ),
    "FB0265": Message(
        "warning",
        "The chain behind a certificate is incomplete, unordered or too long.",
        "Write the leaf first, then each certificate behind the one it issued.",
    ),
    "FB0266": Message(
        "warning",
        "A certificate has expired or is not yet valid, or a revocation list ended.",
        "Renew it.",
    ),
    "FB0267": Message(
        "warning",
        "A certificate expires within 30 days.",
        "Renew it.",
    ),
    "FB0268": Message(
        "warning",
        "A certificate is not for the names of its virtual host.",
        "Let it be issued for ServerName and every ServerAlias.",
    ),
    "FB0269": Message(
        "warning",
        "Clients, or the TLS library, refuse a certificate, its key, its signature or a"
        " version of TLS.",
        "Let a certificate be issued for this server, with a key of 2048 bits (RSA) or"
        " P-256; write SSLProtocol -all +TLSv1.2 +TLSv1.3.",
    ),
    "FB0270": Message(
        "error",
        "A Header or RequestHeader line is malformed.",
        'Write Header set Name "value".',
    ),
    "FB0271": Message(
        "warning",
        "The name of a variable contains an equals sign.",
        "Write SetEnv NAME value.",
    ),
    "FB0272": Message(
        "warning",
        "A variable of PassEnv is not in the environment.",
        "Set it where fastlb is started.",
    ),
    "FB0273": Message(
        "error",
        "A SetEnvIf line is malformed.",
        "Write SetEnvIf attribute regex NAME.",
    ),
    "FB0274": Message(
        "error",
        "SSLEngine is on and no certificate is written.",
        "Write SSLCertificateFile and SSLCertificateKeyFile.",
    ),
    "FB0275": Message(
        "warning",
        "No handshake can be for a virtual host: it has no name of its own.",
        "Write ServerName.",
    ),
    "FB0276": Message(
        "warning",
        "There is an https or wss member without SSLProxyEngine on.",
        "Write SSLProxyEngine on.",
    ),
    "FB0277": Message(
        "warning",
        "Certificates are asked for, and no authority can be found to verify them.",
        "Write SSLCACertificateFile or SSLProxyCACertificateFile.",
    ),
    "FB0278": Message(
        "warning",
        "SSLProxy lines stand in a <Proxy> that no target, or a part of one, meets.",
        "Write them into <Proxy balancer://name>.",
    ),
    "FB0279": Message(
        "warning",
        "Revocation is checked without lists, or there are lists and no check.",
        "Write SSLCARevocationFile and SSLCARevocationCheck chain.",
    ),
    "FB0280": Message(
        "error",
        "A ProxyPassReverse line lacks its path, or has one inside a section.",
        "Write ProxyPassReverse /path url.",
    ),
    "FB0281": Message(
        "error",
        "A Redirect line is malformed.",
        "Write Redirect permanent /old https://host/new.",
    ),
    "FB0282": Message(
        "error",
        "An ErrorDocument line is malformed.",
        "Write ErrorDocument 404 /page, a text in quotes, or a URL.",
    ),
    "FB0283": Message(
        "warning",
        "A URL as error document of 401 is ignored.",
        "Write a path or a text.",
    ),
    "FB0284": Message(
        "warning",
        "There is no such handler.",
        "Write server-status, metrics, balancer-manager or balancer-api.",
    ),
    "FB0285": Message(
        "warning",
        "ProxyRequests On lets anybody connect through this server to others.",
        "Write <Proxy *> with a Require in it, or ProxyRequests Off.",
    ),
    "FB0286": Message(
        "warning",
        "Of a forward proxy only CONNECT is served.",
    ),
    "FB0287": Message(
        "error",
        "ProxyBlock stands beside ProxyRequests On and is not served.",
        "Write <Proxy host:port> with Require all denied.",
    ),
    "FB0288": Message(
        "warning",
        "Some virtual hosts of one address have SSLEngine on and some have not.",
        "Give TLS a port of its own.",
    ),
    "FB0289": Message(
        "error",
        "A <Proxy> section holds for a part of a mapping only.",
        "Write <Location> with the clients' path.",
        retired=True,
    ),
    "FB0290": Message(
        "warning",
        "A balancer has no members.",
        "Write BalancerMember lines.",
    ),
    "FB0291": Message(
        "warning",
        "A ProxyPass names a balancer that is not defined.",
        "Correct the name, or define it.",
    ),
    "FB0292": Message(
        "warning",
        "A balancer's URL lacks its slash.",
        "Write balancer://name/.",
    ),
    "FB0293": Message(
        "warning",
        "Exactly one side of a ProxyPass ends with a slash.",
        "End both with a slash, or neither.",
    ),
    "FB0294": Message(
        "warning",
        "There is no slash between host and $1.",
        "Write http://host/$1.",
    ),
    "FB0295": Message(
        "warning",
        "A member's URL ends with a slash: its requests get two.",
        "Leave out the slash.",
    ),
    "FB0296": Message(
        "warning",
        "A ProxyPass can never match: an earlier one takes all.",
        "Put the special one first.",
    ),
    "FB0297": Message(
        "notice",
        "A handler is not reached: the path is proxied.",
        "Exclude it with ProxyPass /path !.",
    ),
    "FB0298": Message(
        "warning",
        "A Redirect never fires: a ProxyPass takes the path.",
        "Put it inside <Location>.",
    ),
    "FB0299": Message(
        "warning",
        "The same ProxyPassReverse stands twice.",
        "Remove one, or correct its URL.",
    ),
    "FB0300": Message(
        "error",
        "A balancer has more members than one election may look at.",
        "Divide them among several balancers.",
    ),
    "FB0341": Message(
        "error",
        "A balancer has stickycookie= and stickysession=.",
        "Leave out that of who does not make the cookie, application or balancer.",
    ),
    "FB0342": Message(
        "notice",
        "Sessions by stickycookie= end with the server, which makes the secret.",
        "Name a file with a secret (stickykey=), the same on every server.",
    ),
    "FB0343": Message(
        "warning",
        "Two balancers behind one host set a cookie of the same name.",
        "Give each cookie a name of its own, or another Path.",
    ),
    "FB0344": Message(
        "error",
        "The file of stickykey= cannot be read, or is no secret.",
        "Write one with: openssl rand -hex 32 > FILE.",
    ),
    "FB0345": Message(
        "warning",
        "stickykey= without stickycookie= has no effect.",
        "Name the cookie (stickycookie=), or leave the file out.",
    ),
    "FB0346": Message(
        "error",
        "A balancing method of another package cannot be loaded.",
        "Install a version of that package that was made for this fastlb.",
    ),
    "FB0340": Message(
        "warning",
        "The file of types that TypesConfig names cannot be read.",
        "Correct the path; on Debian it is /etc/mime.types (package media-types).",
    ),
    "FB0387": Message(
        "warning",
        "maxscope=global has no effect where it stands.",
        "Write it behind a BalancerMember, with max=.",
    ),
    "FB0388": Message(
        "warning",
        "ejecttime= and ejectmax= bound what ejecton= does, and it is not written.",
        "Write ejecton=, or leave them out.",
    ),
    "FB0389": Message(
        "warning",
        "retryonstatus= asks another member, and the balancer has one alone.",
        "Leave it out, or write a second BalancerMember.",
    ),
    "FB0385": Message(
        "warning",
        "hashkey= and hashload= are for lbmethod=byhash alone.",
        "Write lbmethod=byhash, or leave them out.",
    ),
    "FB0386": Message(
        "warning",
        "lbmethod=heartbeat asks for heartbeats, and nobody is to hear or read any.",
        "Say where they are sent to: HeartbeatListen.",
    ),
    "FB0390": Message(
        "error",
        "A request goes elsewhere than #@ expect says.",
        "Correct the line that the message names, or what is expected.",
    ),
    "FB0391": Message(
        "error",
        "A line that begins with #@ cannot be read.",
        "Write #@ expect GET https://host/path -> balancer://name.",
    ),
}

"""Every numbered message. A number is given once and for life.

Numbers go by floor: FB01xx configuration text, 02xx model, 03xx core, 04xx logs and
admin, 05xx worker and monitor, 06xx master, 07xx command line. A changed text keeps
its number; a changed meaning gets a new one; a number that is no longer used stays
here with `retired=True`. `docs/messages.md` is made from this table
(`python -m fastlb.base.messages`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Message:
    """What a number means.

    level    emerg, crit, error, warning, notice, info or debug: whoever says it, the
             error log writes it at this one; a warning of the check that must not be
             passed over may be made an error
    meaning  what has happened, one sentence
    cure     what the operator does next; "" when nothing is to be done
    """

    level: str
    meaning: str
    cure: str = ""
    retired: bool = False


FLOORS = {
    "01": "Configuration text",
    "02": "Model",
    "03": "Core",
    "04": "Logs and admin pages",
    "05": "Workers and monitor",
    "06": "Master",
    "07": "Command line",
    "08": "Rewriting",
}

_COMMANDS = {
    "FB0701": Message(
        "warning",
        "The check has asked for a member's name, and nobody knows it.",
        "Correct the name, or check where the server will run.",
    ),
    "FB0702": Message(
        "notice", "No name server has answered whether members' names are known."
    ),
}

_CONFIG = {
    "FB0101": Message(
        "error",
        "Sections are not closed in the order in which they were opened.",
        "Close each section in the file in which it begins.",
    ),
    "FB0102": Message(
        "error",
        "A section's line lacks its closing >.",
        "Write the whole head of a section on one line: <Location /path>.",
    ),
    "FB0103": Message(
        "error",
        "A file cannot be opened, or Include finds nothing.",
        "Correct the path, or use IncludeOptional where nothing is sound.",
    ),
    "FB0104": Message(
        "error",
        "Files include one another too deeply, or too many files are included.",
        "Look for a file that includes itself.",
    ),
    "FB0105": Message(
        "error",
        "A word is not the name of a directive.",
        "Take the suggested spelling; fastlb -L lists all names.",
    ),
    "FB0106": Message(
        "error",
        "A directive stands where it may not.",
        "Move it to one of the places that the message names.",
    ),
    "FB0107": Message(
        "error",
        "A value is not one that the directive takes.",
        "See the directive in docs/directives.md.",
    ),
    "FB0108": Message(
        "error",
        "A directive has too few or too many arguments.",
        "Put quotes around an argument that holds blanks.",
    ),
    "FB0109": Message(
        "warning",
        "${NAME} is neither defined nor in the environment and stays as it is.",
        "Define it above its use, or export it before the start.",
    ),
    "FB0110": Message("error", "A name in Define or UnDefine holds a colon."),
    "FB0111": Message("error", "An Error directive stops the configuration."),
    "FB0112": Message("notice", "LoadModule names a module that fastlb does not have."),
    "FB0113": Message("warning", "LoadModule names a module for the second time."),
    "FB0114": Message("warning", "LoadModule names a module that nobody knows."),
    "FB0115": Message(
        "error",
        "LoadModule names a module that routes or protects requests.",
        "Let another server do its work, then delete the line.",
    ),
    "FB0116": Message(
        "error",
        "A directive of Apache is refused, because ignoring it would change answers.",
        "Say it otherwise, or delete the line.",
    ),
    "FB0117": Message(
        "warning",
        "A directive is not supported; an error where ignoring it would be unsafe.",
    ),
    "FB0118": Message("notice", "A directive is taken and changes nothing."),
    "FB0119": Message(
        "warning",
        "A word that begins with # stands behind a directive as an argument.",
        "Put comments on lines of their own.",
    ),
    "FB0120": Message(
        "warning",
        "MaxRequestPerChild is taken as MaxConnectionsPerChild.",
        "Write MaxConnectionsPerChild outside every section.",
    ),
    "FB0121": Message(
        "warning",
        "Stickysession as a directive is taken as a key of ProxySet.",
        "Write ProxySet stickysession=NAME.",
    ),
    "FB0122": Message(
        "warning",
        "A directive of the whole server stands inside <Proxy> and is taken for it.",
        "Move it outside every section.",
    ),
    "FB0123": Message("error", "The condition of a section cannot be read."),
    "FB0124": Message(
        "error",
        "ServerRoot is not a directory; a warning where the file's own tree is taken.",
        "Write the directory in which the tree begins.",
    ),
    "FB0125": Message("error", "A line with its continuations is too long."),
    "FB0126": Message(
        "error",
        "SSLEngine on: TLS is not served yet, and the port would speak plain text.",
        "Let TLS end in front of fastlb.",
        retired=True,
    ),
    "FB0127": Message(
        "notice",
        "A parameter is taken and changes nothing here.",
        "The message says what is done in its place.",
    ),
    "FB0128": Message(
        "notice",
        "<IfModule> is false for a module that LoadModule names.",
        retired=True,
    ),
    "FB0129": Message(
        "warning",
        "A directive that would be refused stands in an <IfModule> that is not read.",
        "Delete the section, or load the module and see what is said.",
    ),
    "FB0130": Message(
        "warning",
        "A parameter is taken and changes nothing, though somebody may rely on it.",
        "Take the way that the message shows.",
    ),
    "FB0131": Message("warning", "A quotation mark is not closed on its line."),
    "FB0135": Message("warning", "Words behind On or Off are ignored."),
    "FB0136": Message("error", "There are more complaints than are printed."),
    "FB0160": Message(
        "notice",
        "The tree of a distribution was recognised, and what belongs to it was read.",
        "Say it otherwise with -d, or export the variables.",
    ),
    "FB0162": Message(
        "warning",
        "httpd would serve files that are there; fastlb serves none.",
        "Map their paths by ProxyPass to a server that has them.",
    ),
    "FB0163": Message(
        "notice",
        "PROFILE=SYSTEM is taken as the cipher list of the system's policy, if it has"
        " one.",
        "Write a list of ciphers where another is meant.",
    ),
    "FB0164": Message(
        "warning",
        "A URL holds a blank.",
        "Put the quotes around the URL alone, and what belongs behind it there.",
    ),
    "FB0165": Message(
        "warning",
        "A line ends with a semicolon, which is part of its last word.",
        "Leave it out: a directive ends with its line.",
    ),
    "FB0166": Message(
        "warning",
        "The directory of a log does not exist: the start will fail.",
        "Make it, or write another.",
    ),
    "FB0167": Message(
        "notice",
        "A log goes to a standard stream, which nobody reads in the background.",
        "Start with -D FOREGROUND, or write a file.",
    ),
    "FB0168": Message(
        "error",
        "A macro cannot be defined or used so; a warning where it is defined anew.",
        "The message names the definition.",
    ),
    "FB0169": Message(
        "warning",
        "DocumentRoot names no directory.",
        "Make it, or delete the line.",
    ),
    "FB0170": Message(
        "error",
        "ScriptAlias, AddHandler or a type leads to programs, and none are run.",
        "Run them behind a server of their own, and map that by ProxyPass.",
    ),
    "FB0171": Message(
        "error",
        "A .htaccess file lies where AllowOverride lets it say something.",
        "Write what it says into a <Directory>, and let AllowOverride allow nothing.",
    ),
    "FB0172": Message(
        "warning",
        "AllowOverride stands where it says nothing.",
        "Write it into a <Directory>.",
    ),
    "FB0173": Message(
        "warning",
        "Options MultiViews holds where a file lies that httpd would find by it.",
        "Let links name the files, or add what is missing by a RewriteRule.",
    ),
    "FB0161": Message(
        "warning",
        "A line of envvars asks for more than variables; it is not run.",
        "Write export NAME=value, or export it where fastlb is started.",
    ),
}

_MODEL = {
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
        "Write server-status or metrics; there is no balancer-manager.",
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

_REWRITING = {
    "FB0801": Message(
        "warning",
        "A word of RewriteOptions has no effect any more.",
        "Delete it.",
    ),
    "FB0802": Message(
        "error",
        "A RewriteRule stands in a <Files>.",
        retired=True,
    ),
    "FB0803": Message(
        "error",
        "A RewriteBase stands in a server, or names no path.",
        "Write RewriteBase /path in a section.",
    ),
    "FB0804": Message(
        "warning",
        "NC at a RewriteCond that compares no text.",
        "Leave it out.",
    ),
    "FB0805": Message(
        "error",
        "A RewriteRule or RewriteCond is malformed, or asks for what is not served.",
        "Do what the message says.",
    ),
    "FB0812": Message(
        "warning",
        "A RewriteRule with [P] leads to a URL that nobody could reach.",
        "Write scheme, host and port.",
    ),
    "FB0809": Message(
        "notice",
        "A RewriteRule with [P] leads back to this server.",
        "Write PT.",
    ),
    "FB0808": Message(
        "error",
        "A RewriteMap cannot be read, or is of a kind that is not served.",
        "Do what the message says.",
    ),
    "FB0810": Message(
        "error",
        "The program of a RewriteMap gave no answer: 503.",
        "Look at FB0811 before it: the program has ended, or takes more than 10 s.",
    ),
    "FB0811": Message(
        "error",
        "The program of a RewriteMap ended, or was ended because it was out of step.",
        "It must answer each line with one line, and buffer none of them.",
    ),
    "FB0806": Message(
        "error",
        "What a RewriteRule made of a request is too long.",
        "Look for a rule that makes the path longer in each round.",
    ),
    "FB0807": Message(
        "error",
        "A RewriteRule with [P] leads to a host that was not its own at start.",
        "Write scheme, host and port into the substitution.",
    ),
    "FB0820": Message(
        "warning",
        "As many bodies are being coded as a worker codes at once: others go"
        " uncompressed, and are answered with 503 where they must be changed.",
        "More workers (StartServers) code more; slow clients keep a coder for long.",
    ),
    "FB0821": Message(
        "error",
        "A filter cannot read what a member sends (INFLATE: no gzip, or a bomb).",
        "Look at the member's Content-Encoding, and at DeflateInflateRatioLimit.",
    ),
    "FB0822": Message(
        "error",
        "A filter of lines has met a bound: the length of a line, memory, or time.",
        "Leave bodies without lines out (AddOutputFilterByType), and patterns that"
        " take long; a longer line is let through up to 16 MiB.",
    ),
    "FB0823": Message(
        "error",
        "More filters, Substitute or ProxyHTMLURLMap than change one answer: refused,"
        " or 500.",
        "Let fewer sections that hold for one request name some.",
    ),
    "FB0824": Message(
        "warning",
        "A page whose links ProxyHTMLURLMap is to change was coded by the member.",
        "Unpack it: SetOutputFilter INFLATE, or RequestHeader unset Accept-Encoding.",
    ),
    "FB0825": Message(
        "warning",
        "Links in a page stay as they are: a value, a script or a pattern is too much,"
        " or memory is short.",
        "Look for links of 64 KiB, scripts of 1 MiB, and slow patterns (flag R).",
    ),
}
_CORE = {
    "FB0301": Message(
        "error",
        "Matching a regular expression was given up: it took too many steps.",
        "Rewrite the expression: no two parts beside each other that match the same"
        " bytes, no repetition within a repetition; [^/]+ instead of .*.",
    ),
    "FB0302": Message(
        "warning",
        "The same where it decides nothing: it counts as no match.",
        "As for FB0301.",
    ),
    "FB0303": Message(
        "error",
        "An expression could not be worked out for a request: a file that it reads is"
        " missing or too large. Told once a minute.",
        "A condition counts as false for <If> and Require, a Header with it applies.",
    ),
    "FB0304": Message(
        "error",
        "An expression, or a section that asks one, cannot be read as it stands.",
        "Look at the place that the message quotes; text stands in quotes.",
    ),
    "FB0310": Message(
        "warning",
        "A worker died within an election; what it had begun was undone.",
        "Look for the end of the worker (AH00051, AH00052), and for its reason.",
    ),
    "FB0311": Message(
        "error",
        "A process kept a lock of the slot table and lives; it was taken over.",
        "If no debugger has stopped that process, end it: it may have been taken over.",
    ),
    "FB0312": Message(
        "error",
        "A balancer's state held numbers that no election makes; it began anew.",
        "Something wrote over it: a worker may have been taken over.",
    ),
    "FB0313": Message(
        "error",
        "A mapping or a rule makes a path with .. in it out of a request: refused.",
        "Write a slash before the group of the pattern.",
    ),
    "FB0314": Message(
        "error",
        "More sections apply to a request than are counted; it is refused.",
        "Merge some of them.",
    ),
    "FB0315": Message(
        "error",
        "A page of ours could not be made; the request is answered with 500.",
        "Report it, with the lines behind it: it is a fault of fastlb.",
    ),
    "FB0316": Message(
        "error",
        "A SetHandler names a member that none of its lines writes out: 500.",
        "Begin it with proxy:, scheme, host and port as they are.",
    ),
    "FB0317": Message(
        "error",
        "The proxy that ProxyRemote names refuses a tunnel to a member with TLS.",
        "Let it allow CONNECT to that port, or write user:password of ProxyRemote.",
    ),
    "FB0318": Message(
        "error",
        "The proxy that ProxyRemote names made no tunnel to a member with TLS.",
        "Look whether it is a proxy, and whether it is overloaded.",
    ),
    "FB0322": Message(
        "notice",
        "A member is out: requests go to the others. The line says what was met, and "
        "what brings it back.",
        "Look at the member; the lines before tell more.",
    ),
    "FB0323": Message(
        "notice",
        "A member that was out has taken a connection for a request, and is back.",
    ),
    "FB0330": Message(
        "error",
        "Requests of a balancer could not wait for a member, or not for any longer.",
        "Add members, or raise max=, maxqueue= or timeout= of the balancer.",
    ),
    "FB0324": Message(
        "info",
        "A member has ended a connection that was kept open just as a request went out"
        " on it; the request was sent again, by the rule that the line tells.",
    ),
    "FB0325": Message(
        "debug",
        "A request that cannot be sent twice takes a new connection to its member: kept"
        " ones have been idle for too long to be sure of.",
    ),
    "FB0360": Message(
        "info",
        "A request is sent to another member of its balancer; the line tells what the"
        " one before did, and by which rule it may be sent again.",
    ),
    "FB0361": Message(
        "warning",
        "So many requests were sent again that another one is not: retrybudget= is used"
        " up for some seconds.",
        "Look at the members that fail: the lines before name them.",
    ),
    "FB0362": Message(
        "notice",
        "A member has failed so many requests that it is out for a while (ejecton=)."
        " The line tells how many, for how long, and how many members are out.",
        "Look at the member; it is asked again by itself.",
    ),
    "FB0363": Message(
        "notice",
        "A member has failed so many requests that it would be out for a while"
        " (ejecton=), but too many members are: it serves on.",
        "Look at the members; ejectmax= says how many of them may be out.",
    ),
    "FB0320": Message(
        "error",
        "A connection did not begin with a PROXY header, and was closed.",
        "Let who stands before fastlb send it, or write"
        " RemoteIPProxyProtocolExceptions for those that do not.",
    ),
    "FB0321": Message(
        "warning",
        "A rule for fields that is early stands in a section, where it has no effect.",
        "Leave out early, or write it outside of sections.",
    ),
    "FB0328": Message(
        "warning",
        "A condition of checks of health names what only a client's request has.",
        "Ask for something of the answer.",
    ),
    "FB0327": Message(
        "error",
        "A check of health asks a member in a protocol that it does not speak.",
        "Write hcmethod=TCP, at ajp:// CPING, or HEAD or GET where it speaks HTTP.",
    ),
    "FB0350": Message(
        "error",
        "More passwords are being checked than may be; the request gets 503.",
        "If it is an attack, keep it off; else let htpasswd -C make cheaper hashes.",
    ),
    "FB0351": Message(
        "warning",
        "A file of users or groups cannot be read.",
        "Make it with htpasswd.",
    ),
    "FB0352": Message(
        "warning",
        "A password is stored in a form that nobody knows.",
        "Make it anew with htpasswd -B.",
    ),
    "FB0353": Message(
        "info",
        "Who AuthRequest names refused a request.",
        "Nothing, if it was right.",
    ),
    "FB0354": Message(
        "error",
        "Who AuthRequest names answered with neither yes nor no: 500.",
        "Look why; until it says 2xx, 3xx, 401 or 403, nobody passes.",
    ),
    "FB0365": Message(
        "error",
        "AuthRequest or AuthRequestSignIn has no URL that can be asked.",
        "Write http://host:port/path, balancer://name/path or a path of this server.",
    ),
    "FB0366": Message(
        "error",
        "Who AuthRequest names gave no answer that can be used: 503, or 502.",
        "Look why, by the line before it; until it answers, nobody passes.",
    ),
    "FB0367": Message(
        "error",
        "A file of users or groups is larger than is read; it counts as one that cannot"
        " be read.",
        "Keep in it only those who use this server.",
    ),
    "FB0368": Message(
        "error",
        "The directory of AuthLDAPURL cannot be asked: 500.",
        "Look why, by the line before it; a section without AuthLDAPURL has none.",
    ),
    "FB0369": Message(
        "error",
        "What AuthLDAP or LDAP lines need is missing.",
        "",
    ),
    "FB0370": Message(
        "warning",
        "What stands in an alias of a provider has no effect there.",
        "Write it into the section that names the alias.",
    ),
    "FB0371": Message(
        "error",
        "An alias of a provider has a name that is taken.",
        "Give it another name.",
    ),
    "FB0375": Message(
        "warning",
        "SSLCipherSuite of a section names no cipher that its virtual host offers.",
        "Write a wider SSLCipherSuite in the <VirtualHost>.",
    ),
    "FB0376": Message(
        "error",
        "A file of AuthDBMUserFile or AuthDBMGroupFile is no SDBM file.",
        "Make it anew with htdbm -cTSDBM.",
    ),
    "FB0377": Message(
        "error",
        "The name of a balancer and the URL of a member are too long together.",
        "Write a shorter URL.",
    ),
    "FB0378": Message(
        "error",
        "Rules and logs name more variables than a request can have.",
        "Name fewer; those of several sections may share one.",
    ),
    "FB0396": Message(
        "error",
        "An application ended its answer before its head was whole: 502.",
        "Look into its own log; what it wrote to STDERR stands here as AH01071.",
    ),
    "FB0397": Message(
        "error",
        "An application's Status is no number from 200 to 999: 502.",
        "Let it write Status: 404 Not Found, or nothing for 200.",
    ),
    "FB0355": Message(
        "error",
        "A rule keeps a group out, and the file that says who is in it cannot be read.",
        "Make the file, be it empty.",
    ),
}

_WORKER = {
    "FB0398": Message(
        "error",
        "An application at fcgi:// writes more beside one answer (to STDERR, or in"
        " records of a kind that is unknown) than the log takes; the rest is left out.",
        "Look into its own log, and let it write less.",
    ),
    "FB0420": Message(
        "error",
        "A file became shorter while it was sent; the connection was closed.",
        "Put a new file beside the old one and rename it, instead of writing into it.",
    ),
    "FB0421": Message(
        "error",
        "A .htaccess file might say something about a file, and is not read.",
        "Write what it says into a <Directory>, and let AllowOverride allow nothing.",
    ),
    "FB0425": Message(
        "error",
        "A file is not sent, since AddHandler or its type says that it is to be run, or"
        " INCLUDES that it is to be filled in.",
        "Map its path to the server that does so by ProxyPass, or remove the handler.",
    ),
    "FB0426": Message(
        "error",
        "A directory was not listed: other listings take all memory that they may.",
        "List fewer names (IndexIgnore), or give large directories an index.",
    ),
    "FB0501": Message(
        "emerg",
        "A worker cannot be set up, and the server ends.",
        "Report it, with the lines behind it: it is a fault of fastlb.",
    ),
    "FB0502": Message(
        "crit",
        "Something failed in a worker that nobody expected; the worker goes on.",
        "Report it, with the lines behind it: it is a fault of fastlb.",
    ),
    "FB0503": Message(
        "notice",
        "A member that was out is asked again: it takes connections, or its name is "
        "known.",
    ),
    "FB0504": Message(
        "info", "The name of a member, unknown so far, has been found, or has moved."
    ),
    "FB0505": Message(
        "warning",
        "A certificate has expired or expires soon; told at a start and once a day.",
        "Renew it and reload.",
    ),
    "FB0507": Message(
        "notice",
        "The name of a member has other addresses; what is new goes there.",
    ),
    "FB0508": Message(
        "warning",
        "Name servers do not answer, or do not know a member's name any more; it keeps "
        "its addresses.",
        "Look at the name servers of resolv.conf or Resolver, or correct the name.",
    ),
    "FB0509": Message("notice", "Name servers know the name of a member again."),
    "FB0510": Message(
        "notice",
        "Checks of its health have put a member out; requests go to the others.",
        "Look at what the checks have found, behind the member's URL.",
    ),
    "FB0511": Message(
        "notice", "Checks of its health have brought a member back into rotation."
    ),
    "FB0512": Message(
        "error",
        "The address of HeartbeatListen cannot be listened on.",
        "See that it is one of this machine and free, and its port above 1023.",
    ),
    "FB0513": Message(
        "warning",
        "More servers send heartbeats than HeartbeatMaxServers allows.",
        "Raise it, or see who sends: anybody on the network can.",
    ),
    "FB0514": Message(
        "error",
        "The file of HeartbeatStorage cannot be read, or written.",
        "The monitor does it, as User and Group say.",
    ),
    "FB0530": Message(
        "notice",
        "A member's agent has said whether it serves; the line ends in its words.",
        "What an agent has taken away only the agent gives back.",
    ),
    "FB0531": Message(
        "info",
        "A member's agent has changed its share, or how many connections it takes.",
    ),
    "FB0532": Message(
        "warning",
        "A member's agent does not answer, or not in words of agent-check.",
        "Look at the agent; until it says otherwise all stays as it has said.",
    ),
    "FB0533": Message("notice", "A member's agent is understood again."),
    "FB0506": Message("info", "An OCSP answer was fetched and is sent to clients."),
}


_MASTER = {
    "FB0601": Message(
        "notice",
        "What the file descriptors of a worker are for. Clients beyond their part wait"
        " in the backlog.",
        "Where it is too little, raise the hard limit: ulimit -Hn, LimitNOFILE=.",
    ),
    "FB0602": Message(
        "error",
        "There are too few file descriptors for a worker to serve anybody.",
        "Raise the hard limit: ulimit -Hn, LimitNOFILE= of systemd.",
    ),
    "FB0603": Message(
        "error",
        "The memory that all processes see is unavailable; the server does not start.",
        "Linux 5.1 or newer is needed, whose memory can be closed to writers.",
    ),
    "FB0604": Message("notice", "A new configuration is in force; what has changed."),
    "FB0605": Message("notice", "A reload brought new certificates."),
    "FB0606": Message(
        "error",
        "A new configuration was refused; the one before it stays in force.",
        "Correct what the message names, check with fastlb -t, and reload again.",
    ),
    "FB0607": Message(
        "warning",
        "The name of a member is not known; the member begins in error.",
        "Correct the name, or the name server: it is looked up again by itself.",
    ),
    "FB0608": Message(
        "notice",
        "An old worker closes its tunnels: there are more such than MaxTunnelServers.",
    ),
    "FB0609": Message("notice", "A worker that was left with tunnels has ended."),
    "FB0610": Message(
        "crit",
        "Something failed in the master that nobody expected; the master goes on.",
        "Report it, with the lines behind it: it is a fault of fastlb.",
    ),
    "FB0611": Message(
        "warning",
        "A setting that is taken at the start has changed; the server keeps the first.",
        "Stop the server and start it.",
    ),
    "FB0612": Message(
        "notice", "What a worker that died had counted as its own was taken off."
    ),
    "FB0613": Message(
        "notice",
        "A worker or the monitor ended by itself, and is replaced.",
        "Look for what it said last.",
    ),
    "FB0614": Message(
        "warning",
        "What the check has to say about the configuration that a reload has read.",
        "See the numbers below it.",
    ),
    "FB0615": Message(
        "warning",
        "A socket that was handed over at the start (LISTEN_FDS) is of no use.",
        "Write a Listen with the address and port of the socket, or take its line out"
        " of the unit.",
    ),
}

MESSAGES: Mapping[str, Message] = MappingProxyType(
    {
        **_CONFIG,
        **_MODEL,
        **_REWRITING,
        **_CORE,
        **_WORKER,
        **_MASTER,
        **_COMMANDS,
    }
)


def logged_level(level: str, text: str) -> str:
    """LogLevel's word for a line: its number's own; level where it has none of ours."""
    message = MESSAGES.get(text[:6])
    if message is None:
        return level
    return "warn" if message.level == "warning" else message.level


def document() -> str:
    """The text of docs/messages.md."""
    lines = [
        "# Messages",
        "",
        "Made from `fastlb/base/messages.py` by `python -m fastlb.base.messages`.",
        "A number is given once and for life.",
    ]
    for prefix, title in FLOORS.items():
        rows = [
            (number, message)
            for number, message in sorted(MESSAGES.items())
            if number[2:4] == prefix
        ]
        if not rows:
            continue
        lines += ["", f"## {title}", "", "| number | level | meaning | what to do |"]
        lines.append("|---|---|---|---|")
        for number, message in rows:
            meaning = message.meaning + (" (retired)" if message.retired else "")
            lines.append(f"| {number} | {message.level} | {meaning} | {message.cure} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(document(), end="")

"""Directives of modules that fastlb does not have.

Some change nothing for a proxy and are taken with a note; some would change the
answers and are taken with a warning; those that route or protect are refused,
because a server without them would do something else than the file says.
"""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config import filters
from fastlb.config.registry import SVD, Args, Directive, Status

_NOTHING = "{why}, so it changes nothing"
_UNFILTERED = "bodies of requests go on as clients send them"
_SETS = "it says how mod_{module} works, which does nothing here"
_RUNS = "mod_{module} is not part of fastlb, and runs programs or guards what it names"
_ALONE = "it serves other directives, and those of them that protect are refused"
_HIDES = (
    "mod_{module} is not supported, and bodies that it would have changed or held back"
    " would be passed on as they are"
)
_ROUTES = "mod_{module} is not supported, and ignoring it would change routing"
_PROTECTS = "mod_{module} is not supported, and ignoring it would open what it protects"

MODULE = "mod_macro.c"
_PROGRAMS_RUN = "no programs are run for requests"
_NEVER_WRITTEN = "files are read and never written"
_NO_EFFECT = {
    "no file is chosen for a name that is not there": {
        "mime": "MultiviewsMatch",
        "negotiation": "LanguagePriority ForceLanguagePriority CacheNegotiatedDocs",
    },
    "no name of a file decides about filters of requests": {
        "mime": "RemoveInputFilter"
    },
    "pages keep the charset that their members give them": {
        "xml2enc": "xml2EncDefault xml2EncAlias xml2StartParse"
    },
    "no file is looked into for its type": {"mime_magic": "MimeMagicFile"},
    "no path leads into a home directory": {"userdir": "UserDir"},
    _PROGRAMS_RUN: {
        "cgi": "ScriptLog ScriptLogLength ScriptLogBuffer ScriptSock CGIDScriptTimeout"
        " CGIScriptTimeout",
        "suexec": "SuexecUserGroup",
    },
    "pages are sent as they are, and nothing is included": {
        "include": "SSIEndTag SSIStartTag SSIErrorMsg SSITimeFormat SSIUndefinedEcho"
        " SSIETag SSILastModified SSILegacyExprParser XBitHack",
    },
    _NEVER_WRITTEN: {
        "dav": "DavBasePath DavMinTimeout DavDepthInfinity DavLockDiscovery",
        "dav_fs": "DavLockDB",
        "dav_lock": "DavGenericLockDB",
    },
    "no head of an answer is read from a file": {
        "cern_meta": "MetaFiles MetaDir MetaSuffix"
    },
    "no file is read as a map of an image": {
        "imagemap": "ImapMenu ImapDefault ImapBase"
    },
    "no file is sent at the speed of a modem": {"dialup": "ModemStandard"},
    "the page of server-info tells of no modules": {"info": "AddModuleInfo"},
    "a name that is not there is not corrected": {
        "speling": "CheckSpelling CheckCaseOnly CheckBasenameMatch"
    },
    "a file is opened anew for each request": {"file_cache": "CacheFile MMapFile"},
    "HTTP/2 is not spoken": {
        "http2": "H2Push H2Direct H2Upgrade H2MaxSessionStreams H2MinWorkers"
        " H2MaxWorkers H2WindowSize H2StreamMaxMemSize H2ModernTLSOnly"
        " H2SerializeHeaders H2TLSWarmUpSize H2TLSCoolDownSecs H2PushPriority"
        " H2PushDiarySize H2PushResource H2EarlyHints H2EarlyHint H2CopyFiles"
        " H2MaxWorkerIdleSeconds H2Padding H2OutputBuffering H2StreamTimeout"
        " H2ProxyRequests H2MaxDataFrameLen H2WebSockets H2MaxHeaderBlockLen"
        " H2MaxStreamErrors H2SessionExtraFiles",
    },
}

# What httpd would answer otherwise: an index, by another way.
_INDEX = {
    "DirectoryIndexRedirect": "an index is answered in its directory's place, without a"
    " redirect",
    "DirectoryCheckHandler": "a handler of a section goes before an index, as with On",
}

_FOR_OTHERS = {
    "dbd": "DBDriver DBDParams DBDPersist DBDPrepareSQL DBDInitSQL DBDMin DBDKeep"
    " DBDMax DBDExptime",
    "ldap": "LDAPSharedCacheFile LDAPLibraryDebug",
    "socache_memcache": "MemcacheConnTTL",
    "socache_redis": "RedisConnPoolTTL RedisTimeout",
    "request": "KeptBodySize",
    "ident": "IdentityCheck IdentityCheckTimeout",
    "log_debug": "LogMessage",
    "ssl": "SSLLog SSLLogLevel",
}

# They say how something works that is not done here, and do nothing by themselves.
_SETTINGS = {
    "deflate": "DeflateInflateLimitRequestBody",
    "filter": "FilterTrace",
    "cache": "CacheDisable CacheRoot CacheDirLevels CacheDirLength"
    " CacheMaxFileSize CacheMinFileSize CacheDefaultExpire CacheMaxExpire"
    " CacheLastModifiedFactor CacheIgnoreCacheControl CacheIgnoreHeaders"
    " CacheIgnoreNoLastMod CacheIgnoreQueryString CacheIgnoreURLSessionIdentifiers"
    " CacheHeader CacheDetailHeader CacheKeyBaseURL CacheLock CacheLockMaxAge"
    " CacheLockPath CacheQuickHandler CacheStaleOnError CacheStoreExpired"
    " CacheStoreNoStore CacheStorePrivate CacheReadSize CacheReadTime CacheMinExpire",
    "cache_socache": "CacheSocache CacheSocacheMaxSize CacheSocacheMaxTime"
    " CacheSocacheMinTime CacheSocacheReadSize CacheSocacheReadTime",
    "buffer": "BufferSize",
    "charset_lite": "CharsetOptions",
    "usertrack": "CookieName CookieDomain CookieExpires CookieStyle CookieHTTPOnly"
    " CookieSameSite CookieSecure",
    "proxy_ftp": "ProxyFtpDirCharset ProxyFtpEscapeWildcards ProxyFtpListOnWildcard",
}

_CHANGES_ANSWERS = {
    "fastlb keeps no answers: each is asked for anew": {"cache": "CacheEnable"},
    "fastlb does not change the letters of a body": {
        "case_filter": "CaseFilter",
        "case_filter_in": "CaseFilterIn",
        "charset_lite": "CharsetSourceEnc CharsetDefault",
    },
    "fastlb sends no request back as its answer": {"reflector": "ReflectorHeader"},
    "fastlb writes no such log": {
        "log_forensic": "ForensicLog",
        "dumpio": "DumpIOInput DumpIOOutput",
    },
}

# On they change answers, Off they are as good as not there.
_SWITCHES = {
    "CookieTracking": (
        "usertrack",
        "On|Off",
        "no cookie that counts visitors is set",
        "let the members set it, or add a cookie with Header",
    ),
    "Dav": (
        "dav",
        "On|Off|provider",
        _NEVER_WRITTEN,
        "map the path to a server of WebDAV by ProxyPass",
    ),
}

# Programs of others within httpd. What stands in the place of their directives.
_PROGRAMS = {
    "php": (
        "php_value php_flag php_admin_value php_admin_flag",
        "run php-fpm or a server of its own behind fastlb",
    ),
    "wsgi": (
        "WSGISocketPrefix WSGIPythonHome WSGIPythonPath WSGIScriptAlias"
        " WSGIScriptAliasMatch WSGIDaemonProcess WSGIProcessGroup WSGIApplicationGroup"
        " WSGIPassAuthorization WSGIImportScript WSGIScriptReloading WSGIChunkedRequest"
        " WSGIRestrictEmbedded WSGILazyInitialization",
        "run gunicorn or uWSGI, and map its address by ProxyPass",
    ),
    "passenger": (
        "PassengerRoot PassengerRuby PassengerDefaultRuby PassengerEnabled"
        " PassengerAppRoot PassengerAppEnv PassengerAppType PassengerStartupFile"
        " PassengerPython PassengerNodejs PassengerBaseURI PassengerUser"
        " PassengerMaxPoolSize PassengerMinInstances PassengerHighPerformance"
        " PassengerFriendlyErrorPages RailsEnv RailsBaseURI RackEnv RackBaseURI",
        "run Passenger standalone or Puma, and map its address by ProxyPass",
    ),
    "perl": (
        "PerlModule PerlRequire PerlOptions PerlSetVar PerlAddVar PerlSetEnv"
        " PerlPassEnv PerlSwitches PerlHandler PerlResponseHandler PerlAccessHandler"
        " PerlAuthenHandler PerlAuthzHandler PerlFixupHandler PerlLogHandler"
        " PerlTransHandler PerlInitHandler PerlPostConfigRequire PerlConfigRequire"
        " PerlSendHeader <Perl",
        "run the application by Starman or the like, and map its address by ProxyPass",
    ),
    "shib": (
        "ShibRequestSetting ShibRequireSession ShibUseHeaders ShibCompatValidUser"
        " ShibConfig ShibCatalogs ShibApplicationId ShibExportAssertion ShibDisable"
        " ShibUseEnvironment ShibRequireAll ShibBasicHijack ShibURLScheme"
        " ShibRedirectToSSL ShibAccessControl",
        "let httpd with Shibboleth stand in front of fastlb, or the member ask for it",
    ),
    "auth_cas": (
        "CASLoginURL CASValidateURL CASCookiePath CASRootProxiedAs CASVersion CASDebug"
        " CASProxyValidateURL CASCertificatePath CASTimeout CASIdleTimeout CASScope"
        " CASSSOEnabled CASAuthNHeader CASAttributePrefix CASValidateSAML CASRenew"
        " CASGateway",
        "let the member ask CAS, or httpd with mod_auth_cas in front of fastlb",
    ),
}

_REWRITES_BODIES = {
    "filter": "FilterProtocol",
    "sed": "OutputSed InputSed",
    "ext_filter": "ExtFilterDefine ExtFilterOptions",
}

_ROUTING = {
    "proxy_express": "ProxyExpressEnable ProxyExpressDBMFile ProxyExpressDBMType",
    "vhost_alias": "VirtualDocumentRoot VirtualDocumentRootIP VirtualScriptAlias"
    " VirtualScriptAliasIP",
    "actions": "Action Script",
    "jk": "JkMount JkUnMount JkWorkersFile JkMountFile JkLogFile JkLogLevel"
    " JkShmFile JkOptions JkAutoAlias JkMountCopy JkWorkerProperty",
    "proxy_cluster": "CreateBalancers EnableMCPMReceive ManagerBalancerName"
    " ServerAdvertise AdvertiseFrequency",
    "md": "MDomain <MDomain <MDomainSet MDActivationDelay MDBaseServer"
    " MDCACertificateFile MDCAChallenges MDCertificateAgreement"
    " MDCertificateAuthority MDCertificateCheck MDCertificateFile"
    " MDCertificateKeyFile MDCertificateProtocol MDCertificateStatus"
    " MDChallengeDns01 MDChallengeDns01Version MDCheckInterval MDContactEmail"
    " MDDriveMode MDExternalAccountBinding MDHttpProxy MDHttpProxyCACertificateFile"
    " MDInitialDelay MDMatchNames MDMember MDMembers MDMessageCmd MDMustStaple"
    " MDNotifyCmd MDPortMap MDPrivateKeys MDProfile MDProfileMandatory MDRenewMode"
    " MDRenewViaARI MDRenewWindow MDRequireHttps MDRetryDelay MDRetryFailover"
    " MDServerStatus MDStapleOthers MDStapling MDStaplingKeepResponse"
    " MDStaplingRenewWindow MDStoreDir MDStoreLocks MDWarnWindow",
    "echo": "ProtocolEcho",
    "lua": "LuaRoot LuaHookTranslateName <LuaHookTranslateName LuaMapHandler"
    " LuaHookAccessChecker <LuaHookAccessChecker LuaHookAuthChecker"
    " <LuaHookAuthChecker LuaHookCheckUserID <LuaHookCheckUserID LuaHookFixups"
    " <LuaHookFixups LuaHookInsertFilter LuaHookLog LuaHookMapToStorage"
    " <LuaHookMapToStorage LuaHookPreTranslateName <LuaHookPreTranslateName"
    " LuaHookTypeChecker <LuaHookTypeChecker LuaAuthzProvider LuaCodeCache"
    " LuaInherit LuaInputFilter LuaOutputFilter LuaPackageCPath LuaPackagePath"
    " LuaQuickHandler <LuaQuickHandler LuaScope Lua_____ByteCodeHack",
}

_PROTECTION = {
    "security2": "SecRuleEngine SecRule SecAction SecRequestBodyAccess SecAuditEngine"
    " SecAuditLog SecRuleRemoveById SecResponseBodyAccess SecRequestBodyLimit",
    "evasive20": "DOSHashTableSize DOSPageCount DOSSiteCount DOSPageInterval"
    " DOSSiteInterval DOSBlockingPeriod DOSWhitelist DOSEmailNotify",
    "qos": "QS_ClientEntries QS_SrvMaxConn QS_SrvMaxConnPerIP QS_SrvMaxConnClose"
    " QS_SrvMinDataRate QS_LocRequestLimit",
    "session": "Session SessionMaxAge SessionEnv SessionHeader SessionInclude"
    " SessionExclude SessionExpiryUpdateInterval",
    "session_cookie": "SessionCookieName SessionCookieName2 SessionCookieRemove",
    "session_crypto": "SessionCryptoPassphrase SessionCryptoPassphraseFile"
    " SessionCryptoCipher SessionCryptoDriver",
    "session_dbd": "SessionDBDCookieName SessionDBDCookieName2"
    " SessionDBDCookieRemove SessionDBDPerUser SessionDBDSelectLabel"
    " SessionDBDInsertLabel SessionDBDUpdateLabel SessionDBDDeleteLabel",
    "auth_basic": "AuthBasicUseDigestAlgorithm",
    "auth_form": "AuthFormProvider AuthFormLoginRequiredLocation AuthFormUsername"
    " AuthFormPassword AuthFormLocation AuthFormMethod AuthFormMimetype AuthFormBody"
    " AuthFormSize AuthFormLoginSuccessLocation AuthFormLogoutLocation"
    " AuthFormSitePassphrase AuthFormAuthoritative AuthFormFakeBasicAuth"
    " AuthFormDisableNoStore",
    "authn_dbd": "AuthDBDUserPWQuery AuthDBDUserRealmQuery",
    "authnz_fcgi": "AuthnzFcgiDefineProvider AuthnzFcgiCheckAuthnProvider",
    "authz_dbd": "AuthzDBDQuery AuthzDBDRedirectQuery AuthzDBDLoginToReferer",
    "auth_openidc": "OIDCProviderMetadataURL OIDCClientID OIDCClientSecret"
    " OIDCRedirectURI OIDCCryptoPassphrase",
    "auth_mellon": "MellonEnable MellonEndpointPath",
}


def _all(
    table: dict[str, str], status: Status, severity: Severity, reason: str, cure: str
) -> tuple[Directive, ...]:
    return tuple(
        Directive(
            name.removeprefix("<"),
            SVD,
            "...",
            f"directive of mod_{module}",
            module=f"mod_{module}.c",
            status=status,
            reason=reason.format(module=module),
            cure=cure,
            is_section=name.startswith("<"),
            on_use=severity,
        )
        for module, names in table.items()
        for name in names.split()
    )


DIRECTIVES = (
    *(
        one
        for why, table in _NO_EFFECT.items()
        for one in _all(
            table, Status.EXPLAINED, Severity.NOTE, _NOTHING.format(why=why), ""
        )
    ),
    *(
        one
        for name, why in _INDEX.items()
        for one in _all({"dir": name}, Status.EXPLAINED, Severity.NOTE, why, "")
    ),
    *(
        one
        for why, table in _CHANGES_ANSWERS.items()
        for one in _all(
            table,
            Status.EXPLAINED,
            Severity.WARNING,
            why,
            "let the members do it, or a server behind fastlb",
        )
    ),
    *_all(_SETTINGS, Status.EXPLAINED, Severity.NOTE, _SETS, ""),
    *(
        Directive(
            name,
            SVD,
            syntax,
            f"directive of mod_{module}",
            module=f"mod_{module}.c",
            status=Status.EXPLAINED,
            reason="Off is what holds here",
            cure=cure,
            check=filters.Switch(reason, cure),
        )
        for name, (module, syntax, reason, cure) in _SWITCHES.items()
    ),
    *_all(_FOR_OTHERS, Status.EXPLAINED, Severity.NOTE, _ALONE, ""),
    *(
        Directive(
            name,
            SVD,
            syntax,
            "filters over bodies",
            takes=Args.ONE if name.startswith("Set") else Args.ONE_AND_LIST,
            module=module,
            status=Status.EXPLAINED,
            reason=_UNFILTERED,
            check=filters.Named(index),
        )
        for name, module, syntax, index in (
            ("SetInputFilter", "core.c", "filter[;filter...]", 0),
            ("AddInputFilter", "mod_mime.c", "filter[;filter...] extension ...", 0),
        )
    ),
    *_all(
        _REWRITES_BODIES,
        Status.REFUSED,
        Severity.ERROR,
        _HIDES,
        "let the members do it, or a server behind fastlb, then delete the line",
    ),
    *_all(
        _ROUTING,
        Status.REFUSED,
        Severity.ERROR,
        _ROUTES,
        "say it with ProxyPass, ProxyPassMatch and Redirect, or delete the line",
    ),
    *(
        one
        for module, (names, cure) in _PROGRAMS.items()
        for one in _all({module: names}, Status.REFUSED, Severity.ERROR, _RUNS, cure)
    ),
    *_all(
        _PROTECTION,
        Status.REFUSED,
        Severity.ERROR,
        _PROTECTS,
        "let a server in front or behind do it, then delete the line",
    ),
    *_all(
        {"macro": "MacroIgnoreEmptyArgs MacroIgnoreBadNesting"},
        Status.EXPLAINED,
        Severity.NOTE,
        "it silences warnings that are not given here",
        "",
    ),
    Directive(
        "Macro",
        SVD,
        "name [$parameter ...]",
        "lines that Use puts elsewhere",
        module="mod_macro.c",
        takes=Args.RAW,
        is_section=True,
        manual=(
            "Parameters are replaced by the values of Use wherever their names stand,"
            " the longest name first; of a parameter @name the value is one word, in"
            " quotes. A complaint names the line within the section."
        ),
    ),
    Directive(
        "Use",
        SVD,
        "name [value ...]",
        "read the lines of a macro here",
        module="mod_macro.c",
    ),
    Directive(
        "UndefMacro",
        SVD,
        "name",
        "forget a macro",
        module="mod_macro.c",
    ),
)

"""Directives of modules that fastlb does not have.

Some change nothing for a proxy and are taken with a note; some would change the
answers and are taken with a warning; those that route or protect are refused,
because a server without them would do something else than the file says.
"""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config.registry import SVD, Args, Directive, Status

_FILES = "fastlb serves no files, so it changes nothing"
_FILTERS = (
    "fastlb passes bodies as members send them; it does not compress, cache or filter"
)
_ROUTES = "mod_{module} is not supported, and ignoring it would change routing"
_PROTECTS = "mod_{module} is not supported, and ignoring it would open what it protects"

_NO_EFFECT = {
    "mime": "TypesConfig AddType AddEncoding AddLanguage AddCharset AddHandler"
    " RemoveType RemoveHandler RemoveEncoding RemoveCharset RemoveLanguage"
    " DefaultLanguage MultiviewsMatch ModMimeUsePathInfo AddInputFilter"
    " RemoveInputFilter RemoveOutputFilter",
    "mime_magic": "MimeMagicFile",
    "dir": "DirectoryIndex DirectorySlash DirectoryCheckHandler DirectoryIndexRedirect"
    " FallbackResource",
    "autoindex": "AddIcon AddIconByType AddIconByEncoding AddAlt AddAltByType"
    " AddAltByEncoding AddDescription DefaultIcon HeaderName ReadmeName IndexIgnore"
    " IndexIgnoreReset IndexOptions IndexOrderDefault IndexStyleSheet"
    " IndexHeadInsert",
    "negotiation": "LanguagePriority ForceLanguagePriority CacheNegotiatedDocs",
    "alias": "Alias AliasMatch ScriptAlias ScriptAliasMatch",
    "userdir": "UserDir",
    "cgi": "ScriptLog ScriptLogLength ScriptLogBuffer ScriptSock CGIDScriptTimeout"
    " CGIScriptTimeout",
    "include": "SSIEndTag SSIStartTag SSIErrorMsg SSITimeFormat SSIUndefinedEcho"
    " SSIETag SSILastModified XBitHack",
    "dav": "Dav DavLockDB DavMinTimeout DavDepthInfinity DavLockDiscovery",
    "info": "AddModuleInfo",
    "speling": "CheckSpelling CheckCaseOnly CheckBasenameMatch",
    "file_cache": "CacheFile MMapFile",
    "http2": "H2Push H2Direct H2Upgrade H2MaxSessionStreams H2MinWorkers H2MaxWorkers"
    " H2WindowSize H2StreamMaxMemSize H2ModernTLSOnly H2SerializeHeaders"
    " H2TLSWarmUpSize H2TLSCoolDownSecs H2PushPriority H2PushDiarySize"
    " H2PushResource H2EarlyHints H2EarlyHint H2CopyFiles"
    " H2MaxWorkerIdleSeconds H2Padding H2OutputBuffering"
    " H2StreamTimeout H2ProxyRequests H2MaxDataFrameLen H2WebSockets"
    " H2MaxHeaderBlockLen H2MaxStreamErrors",
    "socache": "CacheSocache CacheSocacheMaxSize",
    "php": "php_value php_flag php_admin_value php_admin_flag",
    "wsgi": "WSGISocketPrefix WSGIPythonHome WSGIPythonPath",
}

_CHANGES_ANSWERS = {
    "deflate": "DeflateCompressionLevel DeflateBufferSize DeflateMemLevel"
    " DeflateWindowSize DeflateFilterNote DeflateAlterETag"
    " DeflateInflateLimitRequestBody DeflateInflateRatioBurst DeflateInflateRatioLimit",
    "brotli": "BrotliCompressionQuality BrotliCompressionWindow BrotliFilterNote"
    " BrotliAlterETag BrotliCompressionMaxInputBlock",
    "filter": "AddOutputFilter AddOutputFilterByType FilterDeclare FilterProvider"
    " FilterChain FilterProtocol FilterTrace",
    "expires": "ExpiresActive ExpiresByType ExpiresDefault",
    "cache": "CacheEnable CacheDisable CacheRoot CacheDirLevels CacheDirLength"
    " CacheMaxFileSize CacheMinFileSize CacheDefaultExpire CacheMaxExpire"
    " CacheLastModifiedFactor CacheIgnoreCacheControl CacheIgnoreHeaders"
    " CacheIgnoreNoLastMod CacheIgnoreQueryString CacheIgnoreURLSessionIdentifiers"
    " CacheHeader CacheDetailHeader CacheKeyBaseURL CacheLock CacheLockMaxAge"
    " CacheLockPath CacheQuickHandler CacheStaleOnError CacheStoreExpired"
    " CacheStoreNoStore CacheStorePrivate CacheReadSize CacheReadTime CacheMinExpire",
    "substitute": "Substitute SubstituteMaxLineLength SubstituteInheritBefore",
    "usertrack": "CookieTracking CookieName CookieDomain CookieExpires CookieStyle"
    " CookieHTTPOnly CookieSameSite CookieSecure",
    "proxy_html": "ProxyHTMLEnable ProxyHTMLURLMap ProxyHTMLLinks ProxyHTMLEvents"
    " ProxyHTMLDocType ProxyHTMLExtended ProxyHTMLFixups ProxyHTMLInterp"
    " ProxyHTMLBufSize ProxyHTMLCharsetOut ProxyHTMLMeta ProxyHTMLStripComments",
    "proxy_ftp": "ProxyFtpDirCharset ProxyFtpEscapeWildcards ProxyFtpListOnWildcard",
    "proxy_fcgi": "ProxyFCGIBackendType ProxyFCGISetEnvIf",
    "proxy_scgi": "ProxySCGISendfile ProxySCGIInternalRedirect",
    "log_forensic": "ForensicLog",
    "dumpio": "DumpIOInput DumpIOOutput",
    "ratelimit": "RateLimit",
}

_ROUTING = {
    "rewrite": "RewriteEngine RewriteCond RewriteRule RewriteBase RewriteMap"
    " RewriteOptions RewriteLog RewriteLogLevel",
    "proxy_express": "ProxyExpressEnable ProxyExpressDBMFile ProxyExpressDBMType",
    "vhost_alias": "VirtualDocumentRoot VirtualDocumentRootIP VirtualScriptAlias"
    " VirtualScriptAliasIP",
    "actions": "Action Script",
    "jk": "JkMount JkUnMount JkWorkersFile JkMountFile JkLogFile JkLogLevel"
    " JkShmFile JkOptions JkAutoAlias JkMountCopy JkWorkerProperty",
    "proxy_cluster": "CreateBalancers EnableMCPMReceive ManagerBalancerName"
    " ServerAdvertise AdvertiseFrequency",
    "md": "MDomain MDCertificateAgreement MDContactEmail MDCertificateAuthority"
    " MDRequireHttps MDStapling MDPrivateKeys MDMembers MDRenewMode",
    "macro": "Use UndefMacro",
    "wsgi": "WSGIScriptAlias WSGIDaemonProcess WSGIProcessGroup",
    "lua": "LuaRoot LuaHookTranslateName LuaMapHandler LuaHookAccessChecker",
}

_PROTECTION = {
    "security2": "SecRuleEngine SecRule SecAction SecRequestBodyAccess SecAuditEngine"
    " SecAuditLog SecRuleRemoveById SecResponseBodyAccess SecRequestBodyLimit",
    "evasive20": "DOSHashTableSize DOSPageCount DOSSiteCount DOSPageInterval"
    " DOSSiteInterval DOSBlockingPeriod DOSWhitelist DOSEmailNotify",
    "qos": "QS_ClientEntries QS_SrvMaxConn QS_SrvMaxConnPerIP QS_SrvMaxConnClose"
    " QS_SrvMinDataRate QS_LocRequestLimit",
    "allowmethods": "AllowMethods",
    "session": "Session SessionCookieName SessionMaxAge SessionEnv",
    "auth_form": "AuthFormProvider AuthFormLoginRequiredLocation",
    "auth_openidc": "OIDCProviderMetadataURL OIDCClientID OIDCClientSecret"
    " OIDCRedirectURI OIDCCryptoPassphrase",
    "auth_mellon": "MellonEnable MellonEndpointPath",
}


def _all(
    table: dict[str, str], status: Status, severity: Severity, reason: str, cure: str
) -> tuple[Directive, ...]:
    return tuple(
        Directive(
            name,
            f"mod_{module}.c",
            SVD,
            Args.RAW,
            "...",
            f"directive of mod_{module}",
            status,
            reason=reason.format(module=module),
            cure=cure,
            on_use=severity,
        )
        for module, names in table.items()
        for name in names.split()
    )


DIRECTIVES = (
    *_all(_NO_EFFECT, Status.EXPLAINED, Severity.NOTE, _FILES, ""),
    *_all(
        _CHANGES_ANSWERS,
        Status.EXPLAINED,
        Severity.WARNING,
        _FILTERS,
        "let the members do it, or a server behind fastlb",
    ),
    *_all(
        _ROUTING,
        Status.REFUSED,
        Severity.ERROR,
        _ROUTES,
        "say it with ProxyPass, ProxyPassMatch and Redirect, or delete the line",
    ),
    *_all(
        _PROTECTION,
        Status.REFUSED,
        Severity.ERROR,
        _PROTECTS,
        "let a server in front or behind do it, then delete the line",
    ),
    Directive(
        "Macro",
        "mod_macro.c",
        SVD,
        Args.RAW,
        "name [parameter ...]",
        "text to be repeated",
        Status.REFUSED,
        is_section=True,
        reason="macros come later",
        cure="write the text out, or use Define and Include",
    ),
)

"""What the head of a file's answer says: type, validators, conditions, ranges."""

from ..case import Case, Conf, Step, get
from .files import MODULES

DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
LONG_AGO = "Sat, 01 Jan 1994 00:00:00 GMT"
TEXT = "0123456789" * 10
SIZE = len(TEXT)

SITE = f"""\
LoadModule dir_module {MODULES}/mod_dir.so
LoadModule mime_module {MODULES}/mod_mime.so
LoadModule expires_module {MODULES}/mod_expires.so
TypesConfig mime.types
DocumentRoot "{{root}}/site"
AddCharset koi8-r .koi8
AddEncoding x-gzip .gz
AddLanguage fr .fr
AddType text/x-upper .upper
FileETag Size
<Directory "{{root}}/site">
  Require all granted
</Directory>
<Location /utf>
  AddDefaultCharset utf-8
  ForceType text/plain
</Location>
<Location /etag/none>
  FileETag None
</Location>
<Location /etag/minus>
  FileETag -Size
</Location>
<Location /etag/usual>
  FileETag MTime Size
</Location>
<Location /kept>
  ExpiresActive On
  ExpiresByType text/html "access plus 1 week"
  ExpiresDefault "modification plus 1 month"
</Location>
<Location /few>
  MaxRanges 2
</Location>
<Location /no>
  MaxRanges none
</Location>
<Location /all>
  MaxRanges unlimited
  MaxRangeOverlaps unlimited
  MaxRangeReversals unlimited
</Location>
<Location /overlaps>
  MaxRangeOverlaps 1
</Location>
<Location /reversals>
  MaxRangeReversals 1
</Location>
<Files ~ "[.]files$">
  ForceType image/gif
</Files>
ErrorDocument 404 /a.txt
"""
FILES = {
    "mime.types": "text/html html htm\ntext/plain txt\n",
    "site/a.txt": TEXT,
    "site/a.html": TEXT,
    "site/a.fr.html.gz": TEXT,
    "site/a.koi8.txt": TEXT,
    "site/a.upper": TEXT,
    "site/a": TEXT,
    "site/a.files": TEXT,
    "site/empty.txt": "",
    "site/utf/a.html": TEXT,
    "site/utf/a": TEXT,
    "site/etag/a.txt": TEXT,
    "site/etag/none/a.txt": TEXT,
    "site/etag/minus/a.txt": TEXT,
    "site/etag/usual/a.txt": TEXT,
    "site/kept/a.html": TEXT,
    "site/kept/a.txt": TEXT,
    "site/few/a.txt": TEXT,
    "site/no/a.txt": TEXT,
    "site/all/a.txt": TEXT,
    "site/overlaps/a.txt": TEXT,
    "site/reversals/a.txt": TEXT,
    "site/index.html": TEXT,
}
CONF = Conf("entities", SITE, FILES, aged=True)
TAG = f'"{SIZE:x}"'


def ranges(
    *said: str, path: str = "/a.txt", more: tuple[str, ...] = ()
) -> tuple[Step, ...]:
    return sum((get(path, f"Range: {one}", *more) for one in said), ())


MANY = [
    ["Accept-Ranges", "bytes"],
    ["Content-Length", "<with boundaries>"],
    ["Content-Type", "multipart/byteranges; boundary=<boundary>"],
    ["Date", "<now>"],
    ["ETag", TAG],
    ["Last-Modified", DATE],
    ["Server", "<product>"],
]

CASES = (
    Case(
        "types of files",
        CONF,
        sum(
            (
                get(f"/{name}")
                for name in (
                    "a.txt",
                    "a.html",
                    "a.fr.html.gz",
                    "a.koi8.txt",
                    "a.upper",
                    "a",
                    "a.files",
                    "empty.txt",
                    "utf/a.html",
                    "utf/a",
                    "",
                )
            ),
            (),
        ),
    ),
    Case(
        "types of a HEAD",
        CONF,
        get("/a.fr.html.gz", method="HEAD") + get("/utf/a", method="HEAD"),
    ),
    Case(
        "etags of files",
        CONF,
        sum(
            (get(f"/etag/{name}a.txt") for name in ("", "none/", "minus/", "usual/")),
            (),
        ),
    ),
    Case("how long files are kept", CONF, get("/kept/a.html") + get("/kept/a.txt")),
    *(
        Case(
            f"condition {' and '.join(fields)}",
            CONF,
            get("/a.txt", *fields) + get("/a.txt", *fields, method="HEAD"),
        )
        for fields in (
            (f"If-Match: {TAG}",),
            ('If-Match: "x"',),
            (f'If-Match: "x", {TAG}',),
            (f"If-Match: W/{TAG}",),
            ("If-Match: *",),
            ("If-Match: ",),
            ("If-Match: x",),
            (f"If-None-Match: {TAG}",),
            ('If-None-Match: "x"',),
            (f'If-None-Match: "x" ,{TAG}',),
            (f"If-None-Match: W/{TAG}",),
            ("If-None-Match: *",),
            ("If-None-Match: x",),
            ('If-None-Match: "x"', f"If-None-Match: {TAG}"),
            (f"If-Modified-Since: {LONG_AGO}",),
            ("If-Modified-Since: Thu, 31 Dec 2099 00:00:00 GMT",),
            ("If-Modified-Since: x",),
            (f"If-Unmodified-Since: {LONG_AGO}",),
            ("If-Unmodified-Since: Thu, 31 Dec 2099 00:00:00 GMT",),
            ("If-Unmodified-Since: x",),
            (f"If-None-Match: {TAG}", f"If-Modified-Since: {LONG_AGO}"),
            ('If-None-Match: "x"', "If-Modified-Since: Thu, 31 Dec 2099 00:00:00 GMT"),
            (f"If-Match: {TAG}", f"If-None-Match: {TAG}"),
            (f"If-Unmodified-Since: {LONG_AGO}", f"If-Match: {TAG}"),
            (f"If-None-Match: {TAG}", "Range: bytes=0-4"),
            (f"If-None-Match: W/{TAG}", "Range: bytes=0-4"),
            (f"If-Range: {TAG}", "Range: bytes=0-4"),
            ('If-Range: "x"', "Range: bytes=0-4"),
            (f"If-Range: W/{TAG}", "Range: bytes=0-4"),
            (f"If-Range: {LONG_AGO}", "Range: bytes=0-4"),
            (f"If-Range: {TAG}",),
            (f"If-Range: {TAG}", "Range: bytes=0-4", f"If-None-Match: {TAG}"),
            (f"If-Range: {TAG}", f"If-None-Match: {TAG}"),
            ('If-Match: "x"', "Range: bytes=0-4"),
            ("If-Match: *", "Range: bytes=900-"),
        )
    ),
    Case(
        "conditions where there is no tag",
        CONF,
        get("/etag/none/a.txt", 'If-None-Match: "64"')
        + get("/etag/none/a.txt", "If-None-Match: *")
        + get("/etag/none/a.txt", 'If-Match: "64"')
        + get("/etag/none/a.txt", "If-Match: *"),
    ),
    Case(
        "conditions of an error's document",
        CONF,
        get("/nothing", f"If-None-Match: {TAG}")
        + get("/nothing", "Range: bytes=0-4")
        + get("/nothing", 'If-Match: "x"'),
    ),
    Case(
        "one range",
        CONF,
        ranges(
            *(
                f"bytes={one}"
                for one in (
                    "0-4",
                    "5-",
                    "-5",
                    "0-",
                    "99-99",
                    "100-",
                    "100-200",
                    "50-200",
                    "-200",
                    "-0",
                    "4-3",
                    "x",
                    "",
                    "-",
                    "1",
                    "a-b",
                    "1-b",
                    " 1-2",
                    "1-2 ",
                    "1 -2",
                    "+1-2",
                    "18446744073709551617-",
                    "9223372036854775807-",
                    "9223372036854775808-",
                    "0-9223372036854775808",
                    "-9223372036854775808",
                )
            )
        ),
    ),
    Case(
        "other units",
        CONF,
        ranges("BYTES=0-4", "bytes = 0-4", "bytes:0-4", "lines=1-2", "bytes", ""),
    ),
    Case(
        "several ranges",
        CONF,
        ranges(
            *(
                f"bytes={one}"
                for one in (
                    "0-4,10-14",
                    "0-4, 10-14",
                    "10-14,0-4",
                    "0-4,5-9",
                    "0-4,4-9",
                    "0-9,2-3",
                    "2-3,0-9",
                    "0-4,200-300",
                    "200-300,0-4",
                    "200-,300-",
                    "1-2,-2",
                    "-2,1-2",
                    "1-2,0-,5-6",
                    ",1-2",
                    "1-2,",
                    "1-2,,4-5",
                    "1-2,x",
                    "1-2,5-4",
                    "0-0,2-2,4-4",
                    "1-60,50-99",
                    "50-99,1-60",
                    "1-99,1-99",
                    "0-98,99-99,50-51",
                )
            )
        ),
    ),
    Case(
        "ranges of other types",
        CONF,
        ranges("bytes=1-2,4-5", path="/a.fr.html.gz")
        + ranges("bytes=1-2,4-5", path="/a")
        + ranges("bytes=1-2", path="/a")
        + ranges("bytes=1-2,4-5", path="/utf/a")
        + ranges("bytes=0-1", path="/empty.txt")
        + ranges("bytes=1-2,4-5", path="/kept/a.html"),
    ),
    *(
        Case(
            f"bounds of ranges in /{place}",
            CONF,
            ranges(
                *(
                    f"bytes={one}"
                    for one in (
                        "1-2",
                        "1-2,4-5",
                        "1-2,4-5,7-8",
                        "1-2,2-3,3-4",
                        "7-8,7-9,20-21",
                        "9-10,7-8,5-6,1-2",
                        "5-6,3-5,1-3,0-1",
                    )
                ),
                path=f"/{place}/a.txt",
            ),
        )
        for place in ("few", "no", "all", "overlaps", "reversals")
    ),
    Case(
        "ranges of a HEAD",
        CONF,
        get("/a.txt", "Range: bytes=0-4", method="HEAD")
        + get("/a.txt", "Range: bytes=1-2,4-5", method="HEAD")
        + get("/a.txt", "Range: bytes=200-", method="HEAD"),
    ),
    Case(
        "many ranges",
        CONF,
        ranges(
            "bytes=" + ",".join(f"{n}-{n}" for n in range(1, 90, 2)),
            "bytes=" + ",".join(f"{n % 90 + 1}-{n % 90 + 1}" for n in range(0, 300, 2)),
        ),
        differs="`Range` with more than 33 ranges",
        instead={"client/0/framing": "length", "client/0/fields": MANY},
    ),
    Case(
        "ranges to an old client",
        CONF,
        get("/a.txt", "Range: bytes=1-2,4-5", version="HTTP/1.0", conn="b")
        + get("/a.txt", "Range: bytes=1-2", version="HTTP/1.0"),
    ),
)

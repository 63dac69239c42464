"""mod_autoindex: listings of directories that have no index."""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config.registry import SVD, Args, Directive, Status

MODULE = "mod_autoindex.c"
_ICON = (
    "Of several lines the first that fits is taken; those of an inner section come"
    " first. Icons are links: what they lead to is served like any other file."
)

DIRECTIVES = (
    Directive(
        "IndexOptions",
        SVD,
        "[+|-]option ...",
        "one or more index options [+|-][]",
        takes=Args.RAW,
        manual=(
            "FancyIndexing, HTMLTable, FoldersFirst, VersionSort, IgnoreCase,"
            " IgnoreClient, IconsAreLinks, IconWidth[=n], IconHeight[=n],"
            " NameWidth=n|*, DescriptionWidth=n|*, Suppress..., TrackModified, XHTML,"
            " ShowForbidden, AddAltClass, UseOldDateFormat, Type=type, Charset=name,"
            " None. Without a sign they replace those of outer sections."
            " Listings are made where Options Indexes holds; of a directory with more"
            " than 16384 names the page has so many, and says so."
        ),
        differs="ScanHTMLTitles changes nothing: no file is read for its title.",
    ),
    Directive(
        "IndexOrderDefault",
        SVD,
        "Ascending|Descending Name|Date|Size|Description",
        "{Ascending,Descending} {Name,Size,Description,Date}",
        default="Ascending Name",
    ),
    Directive(
        "IndexIgnore",
        SVD,
        "pattern ...",
        "one or more file extensions",
        manual="Names that a listing leaves out. They are served all the same.",
    ),
    Directive(
        "IndexIgnoreReset",
        SVD,
        "On|Off",
        "Reset the inherited list of IndexIgnore filenames",
    ),
    Directive(
        "HeaderName",
        SVD,
        "path",
        "a filename",
        manual=(
            "A file at the top of a listing, in the place of its headline: HTML as it"
            " is, other text as text. One that the request may not have is left out,"
            " and so is one of more than 1 MiB."
        ),
    ),
    Directive(
        "ReadmeName",
        SVD,
        "path",
        "a filename",
        manual="As HeaderName, at the end and in the place of the signature.",
    ),
    Directive(
        "AddIcon",
        SVD,
        "icon name ...",
        "an icon URL followed by one or more filenames",
        manual=_ICON,
    ),
    Directive(
        "AddIconByType",
        SVD,
        "icon type ...",
        "an icon URL followed by one or more MIME types",
        manual=_ICON,
    ),
    Directive(
        "AddIconByEncoding",
        SVD,
        "icon encoding ...",
        "an icon URL followed by one or more content encodings",
        manual=_ICON,
    ),
    Directive(
        "AddAlt",
        SVD,
        "text name ...",
        "alternate descriptive text followed by one or more filenames",
    ),
    Directive(
        "AddAltByType",
        SVD,
        "text type ...",
        "alternate descriptive text followed by one or more MIME types",
    ),
    Directive(
        "AddAltByEncoding",
        SVD,
        "text encoding ...",
        "alternate descriptive text followed by one or more content encodings",
    ),
    Directive(
        "AddDescription",
        SVD,
        "text name ...",
        "Descriptive text followed by one or more filenames",
        manual="The text is HTML, and stands in the page as it is written.",
    ),
    Directive("DefaultIcon", SVD, "icon", "an icon URL"),
    Directive("IndexStyleSheet", SVD, "url", "URL to style sheet"),
    Directive(
        "IndexHeadInsert",
        SVD,
        "text",
        "String to insert in HTML HEAD section",
        manual="HTML, which stands in the page as it is written.",
    ),
    Directive(
        "FancyIndexing",
        SVD,
        "On|Off",
        "what stands in IndexOptions today",
        takes=Args.RAW,
        status=Status.EXPLAINED,
        on_use=Severity.NOTE,
        reason="httpd takes it no more, and it changes nothing: IndexOptions does",
    ),
)

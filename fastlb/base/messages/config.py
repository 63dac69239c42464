"""What the text of a configuration may be answered with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastlb.base.messages.message import Message

CONFIG: Final[Mapping[str, Message]] = {
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
        "The directory of a log is missing, or the log is one: the start will fail.",
        "Make the directory, or write another; write a file.",
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
    "FB0174": Message(
        "warning",
        "The program of a log is not there: the start will fail.",
        "Install it, or write the path at which it is.",
    ),
    "FB0161": Message(
        "warning",
        "A line of envvars asks for more than variables; it is not run.",
        "Write export NAME=value, or export it where fastlb is started.",
    ),
}

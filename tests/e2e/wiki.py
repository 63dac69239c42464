"""DokuWiki of Debian's package, below a directory of a test, not installed yet.

    wiki = Wiki(root)
    wiki.conf(php.url)      # what Debian's packages write for Apache
    wiki.lay()              # as unpacked, again after each visit

The package keeps what is written to elsewhere than what is run, and for the machine's
own wiki; here all lies where the application's document has it. Its .htaccess files are
there, and what they say stands in sections as well: fastlb does not read them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from rights import IS_ROOT

PACKAGE = Path("/usr/share/dokuwiki")
PACKAGE_CONF = Path("/etc/dokuwiki")
PACKAGE_DATA = Path("/var/lib/dokuwiki/data")
PHP_CONF = max(Path("/etc/apache2/conf-available").glob("php*-fpm.conf"), default=None)
# Where pages, media and what becomes of them are kept.
KEPT = (
    *("attic", "cache", "index", "locks", "log", "media", "media_attic"),
    *("media_meta", "meta", "pages", "tmp"),
)
OF_THE_MACHINE = ("local.php", "acl.auth.php", "users.auth.php")
EXTENSIONS = ("ctype", "dom", "fileinfo", "iconv", "posix", "simplexml", "xml")
# Links as the rules of the .htaccess want them; `install.php` writes it first.
WISHES = "$conf['userewrite'] = 1;\n"
# In place of the package's /var/lib, and from before the installation on. Pages are
# made anew each time: one that was kept does not see what was uploaded within the
# second in which it was made.
PROTECTED = "<?php\n$conf['savedir'] = DOKU_INC . 'data';\n$conf['cachetime'] = -1;\n"


class Wiki:
    def __init__(self, root: Path) -> None:
        self.folder = root / "dokuwiki"
        shutil.copytree(PACKAGE, self.folder)
        (self.folder / "inc/preload.php").unlink()  # where the package has its files
        rules = self.folder / ".htaccess"
        rules.write_text(re.sub("^#(?=Rewrite)", "", rules.read_text(), flags=re.M))

    def lay(self) -> None:
        """Nothing has been written yet."""
        conf, data = self.folder / "conf", self.folder / "data"
        for folder in (conf, data):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(
            PACKAGE_CONF, conf, ignore=shutil.ignore_patterns(*OF_THE_MACHINE)
        )
        (conf / "local.protected.php").write_text(PROTECTED)
        for name in KEPT:
            (data / name).mkdir(parents=True)
        (self.folder / "install.conf").write_text(WISHES)
        if IS_ROOT:
            for path in (conf, *conf.rglob("*"), data, *data.rglob("*"), self.folder):
                shutil.chown(path, "www-data", "www-data")

    def conf(self, php: str, allowed: str) -> str:
        """What the packages of php-fpm and DokuWiki write for Apache.

        php      where SetHandler leads, behind `proxy:`
        allowed  what AllowOverride says
        """
        assert PHP_CONF is not None
        of_php = re.sub(r'"proxy:[^"]*"', f'"proxy:{php}"', PHP_CONF.read_text())
        text = (PACKAGE_CONF / "apache.conf").read_text()
        text = text.replace(str(PACKAGE_DATA), str(self.folder / "data"))
        text = text.replace(str(PACKAGE), str(self.folder))
        text = text.replace("AllowOverride All", f"AllowOverride {allowed}")
        # apache2.conf says so of /usr/share
        opened = f"<Directory {self.folder}>\nRequire all granted\n</Directory>\n"
        return f"{opened}{of_php}\n{text}\n{''.join(self._sections())}"

    def _sections(self) -> Iterator[str]:
        for path in sorted(self.folder.rglob(".htaccess")):
            yield f"<Directory {path.parent}>\n{path.read_text()}\n</Directory>\n"

from __future__ import annotations

from pathlib import Path

from trees import resolve_file

from fastlb.facts.dump import dump_run_cfg, dump_vhosts

TEXT = """ServerName main.test
DocumentRoot /var/www/html
Listen 127.0.0.1:22800
User www-data
Group nogroup-here
ErrorLog logs/error.log
<VirtualHost *:22800>
 ServerName first.test
 ServerAlias one two *.x
</VirtualHost>
<VirtualHost 127.0.0.1:22800 [::1]:*>
ServerName second.test
ServerAlias *.alias.test name
</VirtualHost>
<VirtualHost 127.0.0.1:22800>
ServerName third.test
</VirtualHost>
"""

# As apache2 2.4.71 -S prints it for the same file (addresses in file order here).
VHOSTS = """VirtualHost configuration:
127.0.0.1:22800        is a NameVirtualHost
         default server second.test (/etc/x.conf:11)
         port 22800 namevhost second.test (/etc/x.conf:11)
                 alias name
                 wild alias *.alias.test
         port 22800 namevhost third.test (/etc/x.conf:15)
[::1]:*                second.test (/etc/x.conf:11)
*:22800                first.test (/etc/x.conf:7)
"""

RUN_CFG = """ServerRoot: "/srv"
Main DocumentRoot: "/var/www/html"
Main ErrorLog: "/srv/logs/error.log"
Mutex proxy: using_defaults
Mutex default: dir="/srv/logs/" mechanism=default\x20
PidFile: "/srv/logs/fastlb.pid"
User: name="www-data" id=33
Group: name="nogroup-here" not known
Compat: better
Listen: 127.0.0.1:22800 http (/etc/x.conf:3)
"""


def test_dumps_have_apaches_forms(tmp_path: Path) -> None:
    path = tmp_path / "x.conf"
    path.write_text(TEXT)
    model, _ = resolve_file(path)
    assert model is not None
    ids = {("www-data", False): 33}
    vhosts = dump_vhosts(model)
    run_cfg = dump_run_cfg(model, lambda name, group: ids.get((name, group)))
    assert vhosts.replace(str(tmp_path), "/etc") == VHOSTS
    assert run_cfg.replace(str(tmp_path), "/etc") == RUN_CFG

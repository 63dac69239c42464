"""Record which directives the modules of the installed httpd have.

    python tests/unit/data/record_directives.py > tests/unit/data/httpd_directives.json

loads every module that lies beside it, once with each process model, and reads `-L`.
"""

import json
import re
import subprocess
import tempfile
import textwrap
from pathlib import Path

MODULES = Path("/usr/lib/apache2/modules")
LINE = re.compile(r"(<?[A-Za-z_]\w*) \((\w+\.c)\)$")


def listing(model: str) -> str:
    """What `-L` prints with all modules and one process model."""
    with tempfile.TemporaryDirectory() as folder:
        names = [path.stem.removeprefix("mod_") for path in MODULES.glob("mod_*.so")]
        loads = [
            f"LoadModule {name}_module {MODULES}/mod_{name}.so"
            for name in sorted(names)
            if not name.startswith("mpm_") or name == model
        ]
        head = [f"ServerRoot {folder}", "ServerName x", "ErrorLog /dev/null"]
        runtime = [f"DefaultRuntimeDir {folder}"]
        conf = Path(folder) / "httpd.conf"
        conf.write_text("\n".join([*head, *runtime, *loads]) + "\n")
        return subprocess.run(
            ["apache2", "-f", str(conf), "-L"],
            capture_output=True,
            encoding="latin-1",
            check=True,
        ).stdout


def main() -> None:
    found: dict[str, set[str]] = {}
    for model in ("mpm_prefork", "mpm_worker", "mpm_event"):
        for line in listing(model).splitlines():
            if match := LINE.match(line):
                found.setdefault(match[2], set()).add(match[1])
    said = subprocess.run(["apache2", "-v"], capture_output=True, text=True, check=True)
    version = said.stdout.split("Server version:")[1].splitlines()[0].strip()
    modules = []
    for module in sorted(found):
        words = ", ".join(map(json.dumps, sorted(found[module], key=str.lower)))
        lines = "\n   ".join(textwrap.wrap(words, 84))
        modules.append(f"  {json.dumps(module)}: [\n   {lines}\n  ]")
    body = ",\n".join(modules)
    print(f'{{\n "version": {json.dumps(version)},\n "modules": {{\n{body}\n }}\n}}')


if __name__ == "__main__":
    main()

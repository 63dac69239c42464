"""Death of anybody at any moment, and the books afterwards.

Good traffic runs while workers, monitors and log programs are killed with SIGKILL. A
client may lose what its worker had in hand; nobody gets a wrong byte, nothing hangs,
and when it is over every gauge is back at zero and everybody is answered.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .answers import Answers
from .mutants import books_balance
from .play import Alarm, Loop
from .poison import Poison
from .site import HOST, Site

WORKERS = 3
VICTIMS = ("fastlb-worker", "fastlb-worker", "fastlb-worker", "fastlb-monitor", "cat")
CONF = """\
Listen {host}:{plain}
Listen {host}:{rich}
Timeout 15
LogLevel notice
CustomLog "|/bin/cat" "%h %r %>s"
<Location /server-status>
    SetHandler server-status
</Location>
ProxyPass /server-status !
<Proxy balancer://pool>
    BalancerMember http://{host}:{a} retry=0 loadfactor=3 max=6 maxscope=global
    BalancerMember http://{host}:{b} retry=0 max=5 maxscope=global
</Proxy>
ProxyPass / balancer://pool/
"""


class Kills(Poison):
    """Calm members, and somebody who kills."""

    def __init__(self, loop: Loop) -> None:
        super().__init__(loop)
        self.calm = True
        self.killed = 0

    def configuration(self, plain: int, rich: int) -> str:
        self.plain, self.rich = plain, rich
        a, b = (member.port for member in self.members)
        return CONF.format(host=HOST, plain=plain, rich=rich, a=a, b=b)

    def murder(self, site: Site, seed: int) -> Callable[[], None]:
        """To be called now and then: somebody dies."""
        chance = random.Random(seed)

        def strike() -> None:
            victims = site.processes(chance.choice(VICTIMS))
            if victims:
                self.killed += 1
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(victims), signal.SIGKILL)

        return strike

    def aftermath(self, site: Site, folder: Path) -> None:
        """All is as before: so many workers, nobody busy, everybody answered."""
        site.wait_for(
            lambda: len(site.processes("fastlb-worker")) == WORKERS, "all workers"
        )
        before = self.refused
        chance = random.Random(1)
        self.loop.run(self.streams(chance, Answers(chance), 100))
        if self.refused != before:
            raise Alarm(f"{self.refused - before} requests were refused", None)
        if left := books_balance(site, self.plain):
            raise Alarm(f"the books do not balance: {left}", None)
        text = (folder / "error.log").read_text()
        if ":crit]" in text or ":emerg]" in text:
            raise Alarm(f"the log says {text[-3000:]}", None)

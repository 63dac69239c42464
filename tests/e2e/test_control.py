"""Changes while the server runs: the API at both doors, and what becomes of them."""

from __future__ import annotations

import json
import os
import select
import signal
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import Fastlb, Load, wait_for

from fastlb.cli.ctl.client import Control, RefusedError

POOL = """\
ProxyPass /api !
<Location /api>
    SetHandler balancer-api
</Location>
<Proxy balancer://pool>
    BalancerMember {one} route=a
    BalancerMember {two} route=b
    ProxySet stickysession=SID growth=1
</Proxy>
ProxyPass / balancer://pool/
"""


def control_of(server: Fastlb) -> Control:
    return Control(str(server.folder / "fastlb.pid.control"))


CTL = (sys.executable, "-m", "fastlb", "ctl")


def ctl(server: Fastlb, *words: str) -> str:
    done = subprocess.run(
        [*CTL, *words, "-f", str(server.conf)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def shares(server: Fastlb, count: int) -> Counter[str]:
    return Counter(server.get().text for _ in range(count))


def weight_of(control: Control, url: str) -> float:
    told = control.get("/members", balancer="pool")["members"]
    (found,) = (one["weight"] for one in told if one["url"] == url)
    return float(found)


def test_changes_hold_for_all_and_over_everything(
    server: Fastlb, make_member: MemberMaker
) -> None:
    one, two, three = (make_member(name) for name in ("one", "two", "three"))
    text = POOL.format(one=one.url, two=two.url)
    server.write(text, workers=2)
    server.start()
    control = control_of(server)
    # nobody has asked yet: there is no process for it
    assert server.controllers() == []
    # who may ask
    seen = (server.folder / "fastlb.pid.control").stat()
    assert stat.S_IMODE(seen.st_mode) == 0o600
    assert seen.st_uid == os.geteuid()
    # a share holds in every worker at once
    first = {"balancer": "pool", "member": one.url}
    assert (
        "loadfactor" in control.ask("PATCH", "/members", first, {"weight": 4})["done"]
    )
    assert shares(server, 20) == {"one": 16, "two": 4}
    account = "root" if os.geteuid() == 0 else ""
    server.wait_for_log(rf"FB0642: .*loadfactor.*: .*{account} at the control socket")
    with pytest.raises(RefusedError, match="not from 1 to 100") as refused:
        control.ask("PATCH", "/members", first, {"weight": 0})
    assert refused.value.status == 422
    # members come and go under load, and no request is lost
    with Load(server, threads=2, keep=True) as load:
        said = {"url": three.url, "weight": 100}
        control.ask("POST", "/members", {"balancer": "pool"}, said)
        told = control.get("/members", balancer="pool")["members"]
        assert [member["url"] for member in told] == [one.url, two.url, three.url]
        load.wait_for_more(30)
        assert three.seen
        gone = {"balancer": "pool", "member": three.url}
        control.ask("DELETE", "/members", gone)
        load.wait_for_more(10)
    assert load.failures == []
    # the same for a client of the site
    with server.connection() as connection:
        connection.request(
            "PATCH",
            f"/api/members?balancer=pool&member={two.url}",
            json.dumps({"drain": True}),
            {"Content-Type": "application/json"},
        )
        assert connection.getresponse().read().startswith(b'{"done": ')
    server.wait_for_log(r"FB0642: .*somebody without a name at 127.0.0.1, by balancer")
    assert shares(server, 5) == {"one": 5}
    # a controller that dies is replaced, and whoever asks meanwhile waits for it
    (before,) = wait_for(server.controllers, "a controller")
    # Whoever looks waits for clients, and these for nobody who looks.
    of_worker, of_it = (
        os.getpriority(os.PRIO_PROCESS, pid) for pid in (server.workers()[0], before)
    )
    assert of_it > of_worker
    os.kill(before, signal.SIGKILL)
    assert weight_of(control, one.url) == 4
    assert server.controllers() != [before]
    # kept over a reload, and over a stop and a start
    assert server.command("-k", "graceful").returncode == 0
    assert control.get("/generation")["last_reload_succeeded"]
    assert weight_of(control, one.url) == 4
    server.stop()
    assert not (server.folder / "fastlb.pid.control").exists()
    (server.folder / "error.log").unlink()  # by which it is seen to serve
    server.start()
    assert weight_of(control, one.url) == 4
    assert shares(server, 5) == {"one": 5}
    # an operator's command, and who listens
    listener = subprocess.Popen(
        [*CTL, "events", "--socket", str(server.folder / "fastlb.pid.control")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert listener.stdout is not None
    address = two.url.removeprefix("http://")
    told = ""
    while "undo" not in told or not select.select([listener.stdout], [], [], 0.5)[0]:
        told = ctl(server, "weight", address, "2")  # until somebody listens
        told = ctl(server, "weight", address, "3")
    assert f"undo: fastlb ctl weight pool/{two.url} 2" in told
    assert "loadfactor" in listener.stdout.readline()
    ctl(server, "add", "pool", three.url)  # takes another controller
    while three.url not in listener.stdout.readline():
        pass
    listener.terminate()
    listener.communicate()
    # the way of a request, step by step
    listener = subprocess.Popen(
        [*CTL, "trace", "--match", "path=/traced", "--count=2", "-f", str(server.conf)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert listener.stdout is not None
    while not select.select([listener.stdout], [], [], 0.1)[0]:
        server.get("/other")
        server.get("/traced?now", Cookie="SID=1.b")
    way = "".join(iter(listener.stdout.readline, "\n"))
    assert "/traced?now from 127.0.0.1" in way
    assert "/other" not in way
    for step in ("host ", "mapping ", "session     route b", f"member      {two.url} "):
        assert step in way
    assert "-> 200, " in way
    server.get("/traced")
    assert listener.wait(20) == 0
    listener.stdout.close()
    assert three.url in ctl(server, "members", "pool")
    assert "added" in ctl(server, "changes")
    assert "nothing is under way" in ctl(server, "drain", "pool/a", "--wait")
    ctl(server, "undrain", "pool/a")
    assert "balancer pool: " in ctl(server, "status")
    # without BalancerPersist a reload ends them
    server.write(text + "BalancerPersist Off\n", workers=2)
    assert server.command("-k", "graceful").returncode == 0
    wait_for(lambda: weight_of(control, one.url) == 1, "the file's weight")
    assert control.get("/changes") == {"changes": []}
    assert not (server.folder / "fastlb.pid.changes").exists()


SCHEMATHESIS = """\
seed = 1
warnings = false
parameters = {{ balancer = "pool", host = "", member = "{member}" }}
[checks]
positive_data_acceptance.expected-statuses = ["2xx", 404, 409, 422]
"""


@pytest.mark.needs("python:schemathesis")
def test_the_api_is_what_openapi_json_says(
    server: Fastlb, make_member: MemberMaker, tmp_path: Path
) -> None:
    one, two = make_member("one"), make_member("two")
    server.write(POOL.format(one=one.url, two=two.url), workers=1)
    server.start()
    (tmp_path / "schemathesis.toml").write_text(SCHEMATHESIS.format(member=one.url))
    api = f"http://127.0.0.1:{server.port}/api"
    told = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(tmp_path / "schemathesis.toml")),
            *("run", f"{api}/openapi.json", "--url", api, "--no-color"),
            *("--phases", "fuzzing", "--max-examples", "4"),
            *("--suppress-health-check", "all"),
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr[-2000:]

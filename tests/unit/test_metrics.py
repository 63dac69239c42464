"""SetHandler metrics: the text, as Prometheus' own library reads it."""

from __future__ import annotations

import json
import math
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from certificates import make_ca, make_pair
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import parser
from prometheus_client.openmetrics import parser as open_parser
from trees import model_of

from fastlb import _core, _probe
from fastlb.admin.metrics import (
    OPEN_METRICS_TYPE,
    PROMETHEUS_TYPE,
    Family,
    families,
    labelled,
    metrics,
)
from fastlb.admin.reading import ServerFacts
from fastlb.facts.agent import AgentState
from fastlb.facts.server import Model
from fastlb.master.claims import claim
from fastlb.tls.expiry import expiries

ROOT = Path(__file__).parents[2]
CONF = """Listen 80
ServerName one.test
ProxyPass /direct/ http://127.0.0.1:9/
<Proxy balancer://pool>
BalancerMember http://127.0.0.1:10 loadfactor=3 agentcheck=127.0.0.1:5
BalancerMember http://127.0.0.1:11
</Proxy>
ProxyPass / balancer://pool/
<VirtualHost *:80>
ServerName two.test
<Proxy balancer://own>
BalancerMember http://127.0.0.1:12 hcmethod=TCP
</Proxy>
ProxyPass / balancer://own/
</VirtualHost>
<VirtualHost *:80>
ServerName three.test
<Proxy balancer://own>
BalancerMember http://127.0.0.1:12
</Proxy>
ProxyPass / balancer://own/
</VirtualHost>
"""


class Server:
    """A table with the members of CONF."""

    def __init__(self) -> None:
        self.model: Model = model_of(CONF)
        self.table = _core.Table.create(8, 16, 4)
        self.inside = _probe.TableProbe(self.table)
        self.slots, balancer_slots = claim(self.table, self.model, 1)
        self.facts = ServerFacts(
            generation=3,
            started_us=1_795_262_400_000_000,
            built="",
            member_slots=self.slots,
            balancer_slots=balancer_slots,
        )

    def ask(self, accept: str = "", method: str = "GET") -> Any:
        headers = [(b"Accept", accept.encode())] if accept else []
        asked: Any = SimpleNamespace(
            method=method,
            headers=headers,
            vhost_index=0,
            path="/metrics",
            host_name="one.test",
            host_port=80,
        )
        return metrics(asked, self.table, self.model, self.facts)

    def slot_of(self, url: str) -> int:
        urls = [member.url for member in self.model.members]
        return self.slots[urls.index(url)]

    def read(self, accept: str = OPEN_METRICS_TYPE) -> dict[Any, float]:
        status, kind, body, _ = self.ask(accept)
        assert status == 200
        library: Any = open_parser if kind == OPEN_METRICS_TYPE else parser
        found: dict[Any, float] = {}
        for family in library.text_string_to_metric_families(body.decode()):
            for sample in family.samples:
                key = (sample.name, *sorted(sample.labels.items()))
                assert key not in found
                found[key] = sample.value
        return found


@pytest.fixture
def server() -> Server:
    return Server()


def test_each_family_is_there_once_and_both_texts_say_the_same(server: Server) -> None:
    server.inside.outcome(server.slot_of("http://127.0.0.1:10"), 200, 3000)
    assert server.ask()[1] == PROMETHEUS_TYPE
    assert server.ask("text/html, */*")[1] == PROMETHEUS_TYPE
    assert server.read("") == server.read()


def test_the_manual_lists_them_all(server: Server) -> None:
    manual = (ROOT / "docs/metrics.md").read_text("utf-8")
    listed = re.findall(r"^\| `(\w+)` \| (\w+) \| .* \| (.*) \|$", manual, re.MULTILINE)
    ends = {"counter": "_total", "info": "_info"}
    assert listed == [
        (one.name + ends.get(one.kind, ""), one.kind, one.about)
        for one in families(server.table, server.model, server.facts)
    ]


def test_members_are_told_apart(server: Server) -> None:
    found = server.read()
    ups = sorted(key[1:] for key in found if key[0] == "fastlb_member_up")
    assert ups == [
        (
            ("balancer", balancer),
            ("host", host),
            ("member", f"http://127.0.0.1:{place}"),
        )
        for balancer, host, place in (
            ("", "", "9/"),
            ("own", "*:80/three.test", "12"),
            ("own", "*:80/two.test", "12"),
            ("pool", "", "10"),
            ("pool", "", "11"),
        )
    ]


def of(name: str, url: str, **labels: str) -> tuple[Any, ...]:
    said = {"balancer": "pool", "host": "", "member": url, **labels}
    return (name, *sorted(said.items()))


def test_what_happened_to_a_member_is_told(server: Server) -> None:
    url = "http://127.0.0.1:10"
    slot = server.slot_of(url)
    for status, took_us in ((200, 400), (200, 3000), (404, 3000), (0, 70_000_000)):
        server.inside.outcome(slot, status, took_us)
    server.inside.count_bytes(slot, 100, 200)
    server.table.set_flag(slot, "D", True)
    found = server.read()
    assert found[of("fastlb_member_up", url)] == 0
    assert found[of("fastlb_member_weight", url)] == 3
    assert found[of("fastlb_member_sent_bytes_total", url)] == 100
    assert found[of("fastlb_member_received_bytes_total", url)] == 200
    codes = {"none": 1, "1xx": 0, "2xx": 2, "3xx": 0, "4xx": 1, "5xx": 0}
    for code, count in codes.items():
        assert found[of("fastlb_member_responses_total", url, code=code)] == count
    name = "fastlb_member_request_duration_seconds"
    assert found[of(f"{name}_bucket", url, le="0.0005")] == 1
    assert found[of(f"{name}_bucket", url, le="0.0025")] == 1
    assert found[of(f"{name}_bucket", url, le="0.005")] == 3
    assert found[of(f"{name}_bucket", url, le="30.0")] == 3
    assert found[of(f"{name}_bucket", url, le="+Inf")] == 4
    assert found[of(f"{name}_count", url)] == 4
    assert math.isclose(found[of(f"{name}_sum", url)], 70.0064)


def test_who_is_down_by_its_agent_or_an_error_is_not_up(server: Server) -> None:
    urls = [f"http://127.0.0.1:{port}" for port in (10, 11)]
    down, failed = map(server.slot_of, urls)
    assert [server.read()[of("fastlb_member_up", url)] for url in urls] == [1, 1]
    server.table.set_agent(down, AgentState(is_down=True))
    server.inside.failed(failed, 0, False)
    assert [server.read()[of("fastlb_member_up", url)] for url in urls] == [0, 0]


def test_the_server_is_told(server: Server) -> None:
    found = server.read()
    assert found["fastlb_start_time_seconds",] == 1_795_262_400
    assert found["fastlb_generation",] == 3
    assert found["fastlb_workers", ("state", "serving")] == 0
    server.table.claim_worker(1, 1, 0)
    assert server.read()["fastlb_workers", ("state", "serving")] == 1
    assert [key for key in found if key[0] == "fastlb_build_info"]


def test_the_requests_of_a_host_are_told_whoever_answered(server: Server) -> None:
    key = "*:80/two.test"
    for status, took_us in ((200, 400), (200, 3000), (404, 3000), (0, 70_000_000)):
        server.inside.vhost_outcome(key, status, 500, took_us)
    found = server.read()
    name = "fastlb_vhost_sent_bytes_total"
    hosts = {dict(key[1:])["vhost"] for key in found if key[0] == name}
    assert hosts == {"main", key, "*:80/three.test"}
    where = ("vhost", key)
    assert found["fastlb_vhost_sent_bytes_total", where] == 2000
    codes = {"none": 1, "1xx": 0, "2xx": 2, "3xx": 0, "4xx": 1, "5xx": 0}
    for code, count in codes.items():
        assert found["fastlb_vhost_responses_total", ("code", code), where] == count
    name = "fastlb_vhost_request_duration_seconds"
    assert found[f"{name}_bucket", ("le", "0.005"), where] == 3
    assert found[f"{name}_count", where] == 4
    assert math.isclose(found[f"{name}_sum", where], 70.0064)
    assert found["fastlb_vhost_sent_bytes_total", ("vhost", "main")] == 0


def test_a_host_keeps_what_it_counted_as_long_as_it_is_configured(
    server: Server,
) -> None:
    key = "*:80/two.test"
    server.inside.vhost_outcome(key, 200, 7, 1)
    claim(server.table, server.model, 2)
    server.table.release_generation(1)
    kept = server.table.vhost_outcomes(key)
    assert kept is not None
    assert kept[2] == 7
    claim(server.table, model_of("Listen 80\nServerName one.test\n"), 3)
    server.table.release_generation(2)
    assert server.table.vhost_outcomes(key) is None
    claim(server.table, server.model, 4)
    assert server.table.vhost_outcomes(key) == ([[0] * 16] * 6, 0, 0)


def test_there_are_as_many_hosts_as_the_table_has_room_for() -> None:
    table = _core.Table.create(1, 1, 1, vhosts_max=2)
    for key in ("", "a" * 1000):
        table.claim_vhost(key, 1)
        table.claim_vhost(key, 2)
    with pytest.raises(_core.TableError, match="no free slot of 2 virtual hosts"):
        table.claim_vhost("a" * 999 + "b", 1)
    assert table.vhost_outcomes("a" * 1000) is not None


def test_reloads_are_told(server: Server) -> None:
    name = "fastlb_config_last_reload"
    for is_sound, at_us, told in ((True, 5_000_000, 5), (False, 9_000_000, 5)):
        server.table.note_reload(is_sound, at_us)
        found = server.read()
        assert found[f"{name}_successful",] == is_sound
        assert found[f"{name}_success_timestamp_seconds",] == told


def test_checks_are_counted_by_their_result(server: Server) -> None:
    url = "http://127.0.0.1:12"
    slot = server.slot_of(url)
    for reason in (0, 0, 3):
        server.table.note_check(
            slot, 1, reason, 0, 7, 8, passes=0, fails=0, out_since_us=0
        )
    found = server.read()
    counted = {k: n for k, n in found.items() if k[0] == "fastlb_member_checks_total"}
    said = {"balancer": "own", "host": "*:80/two.test"}
    assert counted == {
        of("fastlb_member_checks_total", url, result="passed", **said): 2,
        of("fastlb_member_checks_total", url, result="failed", **said): 1,
    }


def test_certificates_are_told_by_host_and_file(server: Server, tmp_path: Path) -> None:
    pair = make_pair(make_ca("middle", parent=make_ca()), ["tls.test"])
    files = pair.write(tmp_path, "one")
    server.model = model_of(f"""Listen 443
ServerName one.test
<VirtualHost *:443>
ServerName tls.test
SSLEngine on
SSLCertificateFile {files.full}
SSLCertificateKeyFile {files.key}
</VirtualHost>
""")
    seen = expiries(server.model)
    assert [one.subject for one in seen] == ["CN=tls.test", "CN=middle"]
    later = replace(seen[0], ends_s=seen[0].ends_s + 1)
    elsewhere = replace(seen[0], file="/other.pem")
    server.facts = ServerFacts(3, 0, "", (), (), (later, *seen, elsewhere))
    name = "fastlb_certificate_expiry_timestamp_seconds"
    said = ("file", str(files.full)), ("vhost", "*:443/tls.test")
    assert {k: n for k, n in server.read().items() if k[0] == name} == {
        (name, said[0], ("subject", one.subject), said[1]): one.ends_s for one in seen
    }


def test_what_dashboard_and_alerts_ask_for_is_there(server: Server) -> None:
    _, _, body, _ = server.ask()
    served = set(re.findall(r"^# TYPE (\w+) ", body.decode(), re.MULTILINE))
    dashboard = json.loads((ROOT / "conf/grafana/fastlb.json").read_text("utf-8"))
    asked = [
        *(t["expr"] for panel in dashboard["panels"] for t in panel["targets"]),
        *(one["expr"] for one in dashboard["annotations"]["list"]),
        (ROOT / "conf/prometheus/alerts.yml").read_text("utf-8"),
    ]
    found = {
        re.sub("_(bucket|sum|count)$", "", name)
        for text in asked
        for name in re.findall(r"\bfastlb_\w+", text)
    }
    assert len(found) > 15
    assert found - served == set()
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(
        dashboard["panels"]
    )


def test_only_get_and_head_are_answered(server: Server) -> None:
    assert server.ask(method="HEAD")[0] == 200
    assert server.ask(method="POST")[0] == 404


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\0")))
def test_any_label_comes_back_as_it_was(value: str) -> None:
    family = Family("x", "gauge", "x", [("", labelled((("a", value),)), 1)])
    lines = [*family.lines(is_open=True), "# EOF\n"]
    (read,) = open_parser.text_string_to_metric_families("".join(lines))
    assert read.samples[0].labels == {"a": value}

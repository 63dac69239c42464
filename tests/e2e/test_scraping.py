"""SetHandler metrics under traffic, read by Prometheus' own tools."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import time
from pathlib import Path
from typing import Any

import httpd
import pytest
from conftest import MemberMaker
from harness import HOST, Fastlb, Seen, answer, wait_for
from ports import free_port
from programs import ForeignServer
from prometheus_client import parser

ROOT = Path(__file__).parents[2]
CONF = """\
<Location /metrics>
    SetHandler metrics
</Location>
ProxyPass /metrics !
<Proxy balancer://pool>
    BalancerMember {0}
    BalancerMember {1}
</Proxy>
ProxyPass / balancer://pool/
"""


def samples(server: Fastlb) -> dict[str, float]:
    """By the sample's name, those of all labels together."""
    found: dict[str, float] = {}
    for family in parser.text_string_to_metric_families(server.get("/metrics").text):
        for one in family.samples:
            code = one.labels.get("code", "")
            name = one.name + (f" {code}" if code else "")
            found[name] = found.get(name, 0) + one.value
    return found


def by_target(seen: Seen) -> bytes:
    return answer(b"x", f"{seen.target[1:4]} Said")


@pytest.fixture
def serving(server: Fastlb, make_member: MemberMaker) -> Fastlb:
    members = [make_member(name, by_target) for name in "ab"]
    server.write(CONF.format(*(member.url for member in members)))
    server.start()
    return server


def test_requests_are_counted_by_what_became_of_them(serving: Fastlb) -> None:
    for status, count in ((200, 4), (404, 3), (503, 2)):
        for _ in range(count):
            assert serving.get(f"/{status}").status == status

    def are_counted() -> bool:
        found = samples(serving)
        return found["fastlb_member_request_duration_seconds_count"] == 9

    wait_for(are_counted, "nine requests are counted")
    before = samples(serving)
    for code, count in (("2xx", 4), ("4xx", 3), ("5xx", 2), ("none", 0)):
        assert before[f"fastlb_member_responses_total {code}"] == count
        assert before[f"fastlb_vhost_responses_total {code}"] >= count
    assert before["fastlb_vhost_responses_total 5xx"] == 2
    assert before["fastlb_vhost_sent_bytes_total"] > 0
    assert before["fastlb_balancer_elections_total"] == 9
    connections = "fastlb_pool_connections"
    begun = before[f"{connections}_opened_total"]
    # ... and those to the controller, which tells the metrics
    assert begun + before[f"{connections}_reused_total"] >= 9
    assert before[f"{connections}_failed_total"] == 0
    assert before["fastlb_config_last_reload_successful"] == 1
    loaded_s = before["fastlb_config_last_reload_success_timestamp_seconds"]
    assert abs(loaded_s - time.time()) < 600
    serving.reload()

    def of_the_new_generation() -> dict[str, float] | None:
        found = samples(serving)
        is_new = found["fastlb_generation"] == before["fastlb_generation"] + 1
        return found if is_new else None

    after = wait_for(of_the_new_generation, "the new generation answers")
    for name in before:
        if name.startswith(("fastlb_member_", "fastlb_balancer_")):
            assert after[name] == before[name], name
        elif name.startswith("fastlb_vhost_"):
            assert after[name] >= before[name], name
    assert after["fastlb_config_last_reload_success_timestamp_seconds"] > loaded_s
    assert after["fastlb_requests_total"] > before["fastlb_requests_total"]


def promtool(*words: str, text: str = "") -> tuple[int, str]:
    """Its status, and what it complains of."""
    done = subprocess.run(
        ["promtool", "check", *words],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.needs("promtool")
def test_the_alerts_and_the_questions_of_the_manual_are_valid(tmp_path: Path) -> None:
    assert promtool("rules", str(ROOT / "conf/prometheus/alerts.yml")) == (0, "")
    manual = (ROOT / "docs/metrics.md").read_text("utf-8")
    (text,) = re.findall(r"ask of it:\n\n```\n(.*?)```", manual, re.DOTALL)
    questions = re.sub("#.*", "", text).strip().split("\n\n")
    assert len(questions) == 4
    rules = tmp_path / "rules.yml"
    rules.write_text(
        "groups:\n- name: manual\n  rules:\n"
        + "".join(
            f"  - record: question:{number}\n    expr: {' '.join(one.split())}\n"
            for number, one in enumerate(questions)
        )
    )
    assert promtool("rules", str(rules)) == (0, "")


@pytest.mark.needs("promtool")
def test_promtool_finds_nothing_to_say(serving: Fastlb) -> None:
    assert serving.get("/200").status == 200
    assert promtool("metrics", text=serving.get("/metrics").text) == (0, "")


def test_who_goes_away_unanswered_has_seen_no_status(
    server: Fastlb, make_member: MemberMaker
) -> None:
    members = [make_member(name) for name in "ab"]
    server.write(CONF.format(*(member.url for member in members)))
    server.start()
    for member in members:
        member.hold()
    with socket.create_connection((HOST, server.port)) as client:
        client.sendall(b"GET /x HTTP/1.1\r\nHost: test.example\r\n\r\n")
        wait_for(lambda: any(one.seen for one in members), "a member is asked")
        # Whoever only says that no more comes may still read.
        reset = struct.pack("ii", 1, 0)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
    name = "fastlb_member_responses_total"
    wait_for(lambda: samples(server)[f"{name} none"] == 1, "it is counted")
    assert samples(server)[f"{name} 4xx"] == 0


STATUS = """\
ProxyStatus On
<Location /status>
    SetHandler server-status
</Location>
ProxyPass /status !
"""


def test_a_request_under_way_is_shown_by_every_worker(
    server: Fastlb, make_member: MemberMaker
) -> None:
    member = make_member("a")
    member.hold()
    server.write(f"{STATUS}ProxyPass / {member.url}/\n", workers=2)
    server.start()

    def document() -> Any:
        return json.loads(server.get("/status?json").text)

    def others(told: Any) -> Any:
        """Looking is a request, too, and may take its time on a busy machine."""
        rows = told["requests"]
        return [one for one in rows if one["request"] != "GET /status"]

    with socket.create_connection((HOST, server.port)) as client:
        client.sendall(b"GET /slow;id=1?token=2 HTTP/1.1\r\nHost: test.example\r\n\r\n")
        (row,) = wait_for(lambda: others(document()), "it is told")
        assert (row["request"], row["client"]) == ("GET /slow", HOST)
        assert row["state"] == "waiting for the answer"
        assert row["member"] == f"{member.url}/"

        def answered_by_others() -> int:
            told = document()
            assert [one["request"] for one in others(told)] == ["GET /slow"]
            page = server.get("/status").text
            assert '<th scope="row">GET /slow</th>' in page
            workers = told["server"]["workers"]
            return sum(
                one["requests"] for one in workers if one["slot"] != row["worker"]
            )

        before = answered_by_others()
        wait_for(lambda: answered_by_others() > before, "another worker answers")
        (serving,) = (
            one["pid"]
            for one in document()["server"]["workers"]
            if one["slot"] == row["worker"]
        )
        os.kill(serving, signal.SIGKILL)
        wait_for(lambda: others(document()) == [], "it has gone with its worker")


@pytest.mark.needs("prometheus-apache-exporter")
def test_the_exporter_for_apache_finds_what_it_looks_for(
    server: Fastlb, make_member: MemberMaker, tmp_path: Path
) -> None:
    urls = [make_member(name, by_target).url for name in "ab"]
    server.write(STATUS + CONF.format(*urls))
    server.start()
    for _ in range(4):
        assert server.get("/200").status == 200
    port = free_port()
    program = shutil.which("prometheus-apache-exporter")
    assert program is not None
    exporter = ForeignServer(
        [
            program,
            f"--scrape_uri=http://{HOST}:{server.port}/status?auto",
            f"--telemetry.address={HOST}:{port}",
        ],
        [port],
        tmp_path / "exporter.log",
    )
    exporter.start()
    try:
        text = httpd.get(port, "/metrics").text
    finally:
        exporter.stop()
    found = {
        (one.name, *(one.labels.get(name, "") for name in ("worker", "status"))): (
            one.value
        )
        for family in parser.text_string_to_metric_families(text)
        for one in family.samples
        if one.name.startswith("apache_")
    }
    assert found["apache_up", "", ""] == 1
    assert found["apache_accesses_total", "", ""] >= 4
    assert found["apache_generation", "", ""] >= 0
    for url in urls:
        assert found["apache_proxy_balancer_status", url, "Init Ok"] == 1
        assert found["apache_proxy_balancer_accesses_total", url, ""] == 2


def test_extended_status_off_counts_no_outcomes(
    server: Fastlb, make_member: MemberMaker
) -> None:
    urls = [make_member(name, by_target).url for name in "ab"]
    server.write("ExtendedStatus Off\n" + CONF.format(*urls))
    server.start()
    assert server.get("/200").status == 200
    wait_for(lambda: samples(server)["fastlb_requests_total"] >= 1, "it is counted")
    assert samples(server)["fastlb_member_request_duration_seconds_count"] == 0

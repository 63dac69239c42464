"""SetHandler metrics under traffic, read by Prometheus' own tools."""

from __future__ import annotations

import re
import socket
import struct
import subprocess
from pathlib import Path

import pytest
from conftest import MemberMaker
from harness import HOST, Fastlb, Seen, answer, wait_for
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
    assert before["fastlb_balancer_elections_total"] == 9
    serving.reload()

    def of_the_new_generation() -> dict[str, float] | None:
        found = samples(serving)
        is_new = found["fastlb_generation"] == before["fastlb_generation"] + 1
        return found if is_new else None

    after = wait_for(of_the_new_generation, "the new generation answers")
    for name in before:
        if name.startswith(("fastlb_member_", "fastlb_balancer_")):
            assert after[name] == before[name], name


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


def test_extended_status_off_counts_no_outcomes(
    server: Fastlb, make_member: MemberMaker
) -> None:
    urls = [make_member(name, by_target).url for name in "ab"]
    server.write("ExtendedStatus Off\n" + CONF.format(*urls))
    server.start()
    assert server.get("/200").status == 200
    wait_for(lambda: samples(server)["fastlb_requests_total"] >= 1, "it is counted")
    assert samples(server)["fastlb_member_request_duration_seconds_count"] == 0

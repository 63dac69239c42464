"""What the check says about what the printed guides get wrong, or do not have."""

from dataclasses import replace

import pytest

from .case import Conf
from .cases import seeds
from .servers import check, fastlb

HTTPS = (seeds.FRONT_TLS, seeds.BOTH_TLS, seeds.SINGLE_TLS)


@pytest.mark.parametrize("conf", [pytest.param(c, id=c.name) for c in HTTPS])
def test_a_certificate_that_is_not_there_is_told_in_apaches_words(conf: Conf) -> None:
    lines = conf.text.replace("{tls}/front.crt", "/nowhere/front.crt").splitlines()
    place = next(n for n, line in enumerate(lines, 1) if "/nowhere/" in line)
    said = check(fastlb(), replace(conf, text="\n".join(lines) + "\n"))
    assert said.status == 1
    expected = "file '/nowhere/front.crt' does not exist or is empty"
    assert said.fault.message == f"SSLCertificateFile: {expected}"
    assert (said.fault.file, said.fault.line) == ("{root}/conf/site.conf", place)


def test_what_a_guide_gets_wrong_about_health_is_explained() -> None:
    said = check(fastlb(), seeds.HEALTH)
    assert said.status == 0
    assert "H means hot standby, not health check" in said.output
    assert "ping=1 is not a periodic check" in said.output
    assert "a member that refused a connection is probed" in said.output

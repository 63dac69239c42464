"""What the check says about what the printed guides get wrong, or do not have."""

import pytest

from .case import Conf
from .cases import seeds
from .servers import check, fastlb


@pytest.mark.parametrize("conf", [pytest.param(c, id=c.name) for c in seeds.TLS])
def test_a_certificate_that_is_not_there_is_told_in_apaches_words(conf: Conf) -> None:
    said = check(fastlb(), conf)
    assert said.status == 1
    assert said.fault.message.startswith("SSLCertificateFile: file '/")
    assert said.fault.message.endswith("' does not exist or is empty")
    assert (said.fault.file, said.fault.line) == ("{root}/conf/site.conf", 5)


def test_what_a_guide_gets_wrong_about_health_is_explained() -> None:
    said = check(fastlb(), seeds.HEALTH)
    assert said.status == 0
    assert "H means hot standby, not health check" in said.output
    assert "ping=1 is not a periodic check" in said.output
    assert "hcmethod=GET" in said.output

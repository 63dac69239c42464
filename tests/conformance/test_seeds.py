"""What of the printed guides is not served yet, and what the check says about it."""

import pytest

from .case import Conf
from .cases import seeds
from .servers import check, fastlb


@pytest.mark.parametrize("conf", [pytest.param(c, id=c.name) for c in seeds.TLS])
def test_tls_is_refused_until_it_is_there(conf: Conf) -> None:
    said = check(fastlb(), conf)
    assert said.status == 1
    assert said.fault.message == seeds.NO_TLS
    assert (said.fault.file, said.fault.line) == ("{root}/conf/site.conf", 4)


def test_what_a_guide_gets_wrong_about_health_is_explained() -> None:
    said = check(fastlb(), seeds.HEALTH)
    assert said.status == 0
    assert "H means hot standby, not health check" in said.output
    assert "ping=1 is not a periodic check" in said.output
    assert "hcmethod=GET" in said.output

"""What the check says about what the printed guides get wrong."""

from .cases import seeds
from .servers import check, fastlb


def test_what_a_guide_gets_wrong_about_health_is_explained() -> None:
    said = check(fastlb(), seeds.HEALTH)
    assert said.status == 0
    assert "H means hot standby, not health check" in said.output
    assert "ping=1 is not a periodic check" in said.output
    assert "hcmethod=GET" in said.output

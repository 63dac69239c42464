"""Keep httpd's outcomes, so that the suite can be played without it.

    python -m tests.conformance.record [subject ...]

plays every case (or those of the subjects named) at the httpd that is installed and
writes recorded/<subject>.json with that httpd's version.
"""

import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

from .case import Case, Conf
from .cases import SUBJECTS
from .faults import FAULTS
from .harness import Outcome, play
from .servers import Checked, Product, apache, apache_version, check

RECORDED = Path(__file__).parent / "recorded"


def by_conf(cases: Sequence[Case]) -> list[tuple[Conf, list[Case]]]:
    """Cases grouped by their configuration, in file order."""
    groups: dict[str, tuple[Conf, list[Case]]] = {}
    for case in cases:
        groups.setdefault(case.conf.name, (case.conf, []))[1].append(case)
    return list(groups.values())


def play_subject(product: Product, cases: Sequence[Case]) -> dict[str, Outcome]:
    """Outcomes of all cases of a subject, a few configurations at a time."""
    outcomes: dict[str, Outcome] = {}
    with ThreadPoolExecutor(3) as workers:
        groups = [workers.submit(play, product, *group) for group in by_conf(cases)]
        for group in groups:
            outcomes.update(group.result())
    return outcomes


def recorded(subject: str) -> dict[str, Outcome]:
    """httpd's outcomes as they are kept."""
    kept = json.loads((RECORDED / f"{subject}.json").read_text())
    return dict(kept["outcomes"])


def keep(subject: str, outcomes: dict[str, Outcome]) -> None:
    """Write a subject's outcomes."""
    document = {"httpd": apache_version(), "outcomes": outcomes}
    text = json.dumps(document, indent=1, ensure_ascii=False, sort_keys=False)
    (RECORDED / f"{subject}.json").write_text(text + "\n")


def verdict(checked: Checked) -> dict[str, object]:
    """Exit status and first fault of a configuration, as they are kept."""
    if checked.status == 0:
        return {"status": 0}
    return {"status": checked.status, **asdict(checked.fault)}


def main(names: Sequence[str]) -> None:
    for subject in names or [*SUBJECTS, "faults"]:
        if subject == "faults":
            keep(
                subject,
                {one.name: verdict(check(apache(), one.conf)) for one in FAULTS},
            )
            print(f"faults: {len(FAULTS)} configurations")
            continue
        keep(subject, play_subject(apache(), SUBJECTS[subject]))
        print(f"{subject}: {len(SUBJECTS[subject])} cases")


if __name__ == "__main__":
    main(sys.argv[1:])

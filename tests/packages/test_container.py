"""The image's own steps, played below a folder: see docs/container.md for what is not.

FASTLB_WHEEL names the wheel that the first stage would have built.
"""

from __future__ import annotations

import json
import os
import pwd
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from fastlb.testing.ports import free_port

ROOT = Path(__file__).parents[2]
DEADLINE_S = 60.0
PAUSE_S = 0.1
OTHERS = ("apt-get", "useradd")  # commands of the base image, which is not here
USER = "nobody"  # who is there in place of the image's fastlb
ABSOLUTE = re.compile(r"(?<![\w.:-])/(?:opt|run|etc|wheels)/?[\w./*-]*")


@dataclass(frozen=True, slots=True)
class Step:
    word: str
    rest: str


def stages() -> list[list[Step]]:
    """The instructions of each stage, the first of which is FROM."""
    found: list[list[Step]] = []
    for line in (ROOT / "Dockerfile").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        found[-1].append(Step(word, rest))
    return found


def only(stage: list[Step], word: str) -> str:
    (rest,) = (step.rest for step in stage if step.word == word)
    return rest


def command_of(rest: str) -> list[str]:
    """The words of CMD or of HEALTHCHECK, which are JSON."""
    words: list[str] = json.loads(rest[rest.index("[") :])
    return words


def test_the_image_is_what_the_manual_says() -> None:
    build, image = stages()
    assert build[-1] == Step(
        "RUN", "python -m pip wheel --no-cache-dir --no-deps -w /wheels ."
    )
    assert build[0].rest.split()[0] == image[0].rest.split()[0]
    assert (only(image, "USER"), only(image, "EXPOSE")) == ("fastlb", "8080")
    assert only(image, "STOPSIGNAL") == "SIGWINCH"
    # Whoever follows the switch to another user is not root.
    after = image[image.index(Step("USER", "fastlb")) :]
    assert {step.word for step in after} == {
        *("USER", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK", "CMD")
    }
    # What the image copies is not kept from it.
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = [
        step.rest.split()[0]
        for step in image
        if step.word == "COPY" and not step.rest.startswith("--from")
    ]
    assert copied == ["conf/container/fastlb.conf"]
    assert all((ROOT / one).exists() for one in copied)
    assert not {"conf", "docs", "fastlb", "setup.py", "pyproject.toml"} & set(ignored)


class Image:
    """The second stage, played below a folder; port in place of 8080."""

    def __init__(self, root: Path, wheel: Path) -> None:
        self.root = root
        self.port = free_port()
        self.path = os.environ["PATH"]
        self.is_root = os.geteuid() == 0
        self._stage = stages()[1]
        self._wheel = wheel
        self.left_out: list[str] = []

    def play(self) -> None:
        for step in self._stage:
            if step.word == "RUN":
                self._run(step.rest)
            elif step.word == "COPY":
                self._copy(*step.rest.split()[-2:])
            elif step.word == "ENV":
                name, _, value = step.rest.partition("=")
                assert name == "PATH"
                self.path = self._here(value).replace("$PATH", self.path)

    def words(self, word: str) -> list[str]:
        """A command of the image, as the user that it is switched to."""
        words = command_of(only(self._stage, word))
        # The configuration's place is in the program: say where it lies here.
        words[1:1] = ["-f", str(self.root / "etc/fastlb/fastlb.conf")]
        if not self.is_root:
            return words
        user = pwd.getpwnam(USER)
        rights = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
        return ["setpriv", *rights, *words]

    def environ(self) -> dict[str, str]:
        return {"PATH": self.path, "LANG": "C.UTF-8"}

    def stop_signal(self) -> signal.Signals:
        return signal.Signals[only(self._stage, "STOPSIGNAL")]

    def _here(self, text: str) -> str:
        return ABSOLUTE.sub(lambda found: f"{self.root}{found[0]}", text)

    def _run(self, line: str) -> None:
        if line.split(maxsplit=1)[0] in OTHERS:
            self.left_out.append(line.split(maxsplit=1)[0])
            return
        command = self._here(line)
        if line.startswith("python "):
            command = sys.executable + command.removeprefix("python")
        if line.startswith("install "):
            group = "nogroup" if self.is_root else ""
            owner = f"-o {USER} -g {group}" if self.is_root else ""
            command = command.replace("-o fastlb -g fastlb", owner)
        subprocess.run(command, shell=True, check=True)

    def _copy(self, source: str, target: str) -> None:
        place = self.root / target.lstrip("/")
        if source == "/wheels":
            place.mkdir()
            (place / self._wheel.name).symlink_to(self._wheel)
            return
        place.parent.mkdir(parents=True, exist_ok=True)
        text = self._here((ROOT / source).read_text("utf-8"))
        place.write_text(text.replace("Listen 8080", f"Listen 127.0.0.1:{self.port}"))


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    root = tmp_path_factory.mktemp("image")
    for folder in (root, *root.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o755)
    made = Image(root, Path(os.environ["FASTLB_WHEEL"]).resolve())
    made.play()
    yield made


def is_healthy(image: Image) -> bool:
    done = subprocess.run(
        image.words("HEALTHCHECK"), env=image.environ(), check=False, timeout=30
    )
    return done.returncode == 0


def wait_until_healthy(image: Image, server: subprocess.Popen[str]) -> None:
    ends_s = time.monotonic() + DEADLINE_S
    while not is_healthy(image):
        assert server.poll() is None, server.communicate()
        assert time.monotonic() < ends_s, "it is not healthy"
        time.sleep(PAUSE_S)


def pipe_of_its_own(image: Image) -> tuple[int, int]:
    """Docker gives these pipes to the container's user, who opens /dev/stdout."""
    reader, writer = os.pipe()
    if image.is_root:
        os.fchown(writer, pwd.getpwnam(USER).pw_uid, -1)
    return reader, writer


@pytest.mark.needs("wheel")
def test_a_container_serves_and_ends(image: Image) -> None:
    assert set(image.left_out) == set(OTHERS)
    assert not is_healthy(image)
    outputs = [pipe_of_its_own(image) for _ in range(2)]
    server = subprocess.Popen(
        image.words("CMD"),
        env=image.environ(),
        stdout=outputs[0][1],
        stderr=outputs[1][1],
        text=True,
    )
    try:
        for _, writer in outputs:
            os.close(writer)
        wait_until_healthy(image, server)
        if image.is_root:
            owner = Path(f"/proc/{server.pid}").stat().st_uid
            assert owner == pwd.getpwnam(USER).pw_uid
        url = f"http://127.0.0.1:{image.port}/server-status?auto"
        with urllib.request.urlopen(url, timeout=30) as answer:
            assert answer.status == 200
        server.send_signal(image.stop_signal())
        assert server.wait(DEADLINE_S) == 0
    finally:
        server.kill()
        server.wait()
    said = []
    for reader, _ in outputs:
        with os.fdopen(reader) as file:
            said.append(file.read())
    assert '"GET /server-status?auto HTTP/1.1" 200' in said[0]
    assert "resuming normal operations" in said[1]

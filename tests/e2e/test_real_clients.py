"""Clients that people use, through fastlb: WebDAV, git, pip and S3 on loopback.

Each talks to a real server behind: httpd's mod_dav, `git http-backend` below httpd,
pypiserver, moto. Sizes are small; what is compared is the client's own judgement.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from harness import HOST, Fastlb, wait_for
from ports import free_port
from programs import ForeignServer

MODULES = "/usr/lib/apache2/modules"
CLIENT_DEADLINE_S = 240.0


Begin = Callable[[Path, int, Sequence[str]], None]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Start a server in a folder, on a port."""
    made: list[ForeignServer] = []

    def start(folder: Path, port: int, words: Sequence[str]) -> None:
        one = ForeignServer(words, [port], folder / "program.log", folder=folder)
        made.append(one)
        one.start()

    yield start
    for one in made:
        one.stop()


def httpd(begin: Begin, folder: Path, modules: str, text: str) -> int:
    """A member that is httpd itself, in the foreground; its port."""
    port = free_port()
    program = shutil.which("apache2", path=os.environ["PATH"] + ":/usr/sbin")
    assert program is not None
    loads = "".join(
        f"LoadModule {name}_module {MODULES}/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", *modules.split())
    )
    conf = folder / "member.conf"
    user = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
    conf.write_text(
        f"ServerRoot {folder}\nServerName member\nListen {HOST}:{port}\n"
        f"PidFile {folder}/member.pid\nErrorLog {folder}/member.log\n"
        f"{loads}{user}{text}"
    )
    begin(folder, port, [program, "-f", str(conf), "-DFOREGROUND"])
    return port


def given_away(folder: Path) -> Path:
    """A folder that httpd's children may write to."""
    folder.mkdir()
    if os.geteuid() == 0:
        shutil.chown(folder, "www-data", "www-data")
    for parent in (folder, *folder.parents):
        if parent.stat().st_mode & 0o005 != 0o005 and parent.owner() == "root":
            parent.chmod(parent.stat().st_mode | 0o011)
    return folder


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=CLIENT_DEADLINE_S):
            return True
    except urllib.error.HTTPError:
        return False


def run(*words: str, folder: Path, **settings: str) -> str:
    done = subprocess.run(
        words,
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "NO_PROXY": "*", **settings},
        capture_output=True,
        text=True,
        timeout=CLIENT_DEADLINE_S,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout


@pytest.mark.needs("litmus", "apache2")
def test_a_webdav_suite_finds_no_fault(
    server: Fastlb, tmp_path: Path, begin: Begin
) -> None:
    files, locks = given_away(tmp_path / "dav"), given_away(tmp_path / "locks")
    port = httpd(
        begin,
        tmp_path,
        "dav dav_fs",
        f"DavLockDB {locks}/db\nDocumentRoot {files}\n"
        f"<Directory {files}>\nDav On\n</Directory>\n",
    )
    url = f"http://{HOST}:{port}/"
    server.write(f"ProxyPreserveHost On\nProxyPass / {url}\n")
    server.start()
    # http is the suite's own program about Expect; httpd's mod_dav fails none of these
    told = run(
        "litmus",
        "-k",
        f"http://{HOST}:{server.port}/",
        folder=tmp_path,
        TESTS="basic copymove props locks http",
    )
    assert told.count("0 failed") == 5, told


@pytest.mark.needs("git", "apache2")
def test_git_pushes_and_clones(server: Fastlb, tmp_path: Path, begin: Begin) -> None:
    root = given_away(tmp_path / "repositories")
    backend = Path(run("git", "--exec-path", folder=tmp_path).strip())
    run("git", "init", "-q", "--bare", str(root / "r.git"), folder=tmp_path)
    run("git", "-C", str(root / "r.git"), "config", "http.receivepack", "true",
        folder=tmp_path)  # fmt: skip
    if os.geteuid() == 0:
        run("chown", "-R", "www-data:www-data", str(root), folder=tmp_path)
    port = httpd(
        begin,
        tmp_path,
        "cgid alias env",
        f"ScriptSock {tmp_path}/cgisock\nSetEnv GIT_PROJECT_ROOT {root}\n"
        "SetEnv GIT_HTTP_EXPORT_ALL\n"
        f"ScriptAlias /git/ {backend}/git-http-backend/\n",
    )
    # httpd listens before what starts its programs does, and says 503 until then.
    asked = f"http://{HOST}:{port}/git/r.git/info/refs?service=git-upload-pack"
    wait_for(lambda: answers(asked), "git answers below httpd")
    server.write(f"ProxyPass /git/ http://{HOST}:{port}/git/\n")
    server.start()
    url = f"http://{HOST}:{server.port}/git/r.git"
    work = tmp_path / "work"
    run("git", "init", "-q", "-b", "main", str(work), folder=tmp_path)
    for number in range(200):
        (work / f"file-{number}").write_bytes(os.urandom(20_000))
    as_somebody = ("-c", "user.name=a", "-c", "user.email=a@b")
    run("git", "add", ".", folder=work)
    run("git", *as_somebody, "commit", "-q", "-m", "many", folder=work)
    # more than http.postBuffer: in chunks
    run("git", "push", "-q", url, "main", folder=work)
    run(
        "git", "clone", "-q", "-b", "main", url, str(tmp_path / "copy"), folder=tmp_path
    )
    assert run("git", "rev-parse", "HEAD", folder=tmp_path / "copy") == run(
        "git", "rev-parse", "HEAD", folder=work
    )
    run("git", "fsck", "--strict", folder=tmp_path / "copy")


@pytest.mark.needs("python:pypiserver", "python:setuptools")
def test_pip_installs(server: Fastlb, tmp_path: Path, begin: Begin) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    source = tmp_path / "source"
    source.mkdir()
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\n'
        'build-backend = "setuptools.build_meta"\n'
        '[project]\nname = "through-fastlb"\nversion = "1.2"\n'
        "[tool.setuptools]\npy-modules = ['through_fastlb']\n"
    )
    (source / "through_fastlb.py").write_text("SAID = 'hello'\n" + "#" * 500_000)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation",
        "-w", str(packages), str(source), folder=tmp_path)  # fmt: skip
    port = free_port()
    words = ["-m", "pypiserver", "run", "-i", HOST, "-p", str(port), str(packages)]
    begin(tmp_path, port, [sys.executable, *words])
    server.write(
        f"ProxyPass / http://{HOST}:{port}/\nProxyPassReverse / http://{HOST}:{port}/\n"
    )
    server.start()
    run(sys.executable, "-m", "pip", "install", "-q", "--isolated", "--no-cache-dir",
        "--index-url", f"http://{HOST}:{server.port}/simple/",
        "--target", str(tmp_path / "target"), "through-fastlb",
        folder=tmp_path)  # fmt: skip
    asks = "import through_fastlb as it; print(it.SAID)"
    path = str(tmp_path / "target")
    said = run(sys.executable, "-c", asks, folder=tmp_path, PYTHONPATH=path)
    assert said == "hello\n"


@pytest.mark.needs("python:moto", "python:boto3")
def test_s3_uploads_arrive(server: Fastlb, tmp_path: Path, begin: Begin) -> None:
    """In one piece, in several, and of unknown length: aws-chunked, with its trailer
    and Expect: 100-continue."""
    boto3 = pytest.importorskip("boto3")
    port = free_port()
    words = ["-m", "moto.server", "-H", HOST, "-p", str(port)]
    begin(tmp_path, port, [sys.executable, *words])
    server.write(f"ProxyPreserveHost On\nProxyPass / http://{HOST}:{port}/\n")
    server.start()
    s3 = boto3.client(
        "s3",
        endpoint_url=f"http://{HOST}:{server.port}",
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    s3.create_bucket(Bucket="pail")
    small, large = os.urandom(1000), os.urandom(6 << 20)
    for name, data in (("small", small), ("large", large)):
        s3.put_object(Bucket="pail", Key=name, Body=data, ChecksumAlgorithm="SHA256")
        assert s3.get_object(Bucket="pail", Key=name)["Body"].read() == data
    upload = s3.create_multipart_upload(Bucket="pail", Key="parts")["UploadId"]
    parts = []
    for number, data in ((1, large), (2, small)):
        made = s3.upload_part(
            Bucket="pail", Key="parts", UploadId=upload, PartNumber=number, Body=data
        )
        parts.append({"PartNumber": number, "ETag": made["ETag"]})
    s3.complete_multipart_upload(
        Bucket="pail", Key="parts", UploadId=upload, MultipartUpload={"Parts": parts}
    )
    assert s3.get_object(Bucket="pail", Key="parts")["Body"].read() == large + small

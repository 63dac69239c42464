"""For those who test a configuration of theirs: see docs/testing.md."""

from fastlb.testing.client import Answer
from fastlb.testing.members import Answerer, Member, Seen, answer
from fastlb.testing.server import RefusedError, Server
from fastlb.testing.servers import Servers

__all__ = [
    "Answer",
    "Answerer",
    "Member",
    "RefusedError",
    "Seen",
    "Server",
    "Servers",
    "answer",
]

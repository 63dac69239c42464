"""Users of a site with sessions, for Locust.

`Shopper` logs in, and every later request must meet the member of the login; `Visitor`
has no session. Sizes are mixed. Run by locust_run.py, which also kills a member; or by
hand against members as in session_member.py:

    locust -f bench/locustfile.py --headless -u 40 -t 30s --host http://127.0.0.1:8080
"""

from __future__ import annotations

import random
import re
from typing import ClassVar

from locust import FastHttpUser, constant_throughput, task
from story import Session, Story

SIZES = (200, 200, 200, 2_000, 8_192, 65_536, 262_144)  # bytes, as often as they stand
UPLOAD = "u" * 32_768
ANSWERED = 200
NO_SUCH_SESSION = 409


class Shopper(FastHttpUser):
    """A user with a session; logs out now and then and comes back as a new one."""

    weight = 3
    wait_time = constant_throughput(20)
    story: ClassVar[Story] = Story()

    def on_start(self) -> None:
        self.session: Session | None = None

    @task(8)
    def page(self) -> None:
        self.in_session("GET", f"/page?bytes={random.choice(SIZES)}", "/page")

    @task(2)
    def upload(self) -> None:
        self.in_session("POST", "/upload", "/upload", UPLOAD)

    @task(1)
    def logout(self) -> None:
        if self.in_session("POST", "/logout", "/logout"):
            self.forget()

    def forget(self) -> None:
        self.session = None
        self.client.cookiejar.clear()

    def login(self) -> Session | None:
        """None when the login itself was lost with a dying member."""
        began = self.story.clock()
        with self.client.post("/login", data="", catch_response=True) as answer:
            cookie = answer.headers.get("Set-Cookie", "") if answer.headers else ""
            found = re.search(r"SESSION=[^.]+\.(\w+)", cookie)
            if answer.status_code == ANSWERED and found:
                self.story.logins += 1
                self.story.saw(found[1], is_election=True)
                return Session(found[1], began)
            if self.story.may_lose_post(began):
                self.story.excused_posts += 1
                answer.success()
            else:
                self.story.fault(f"login: status {answer.status_code}")
                answer.failure("login failed")
        return None

    def in_session(
        self, method: str, path: str, name: str, body: str | None = None
    ) -> bool:
        """One request of the session; whether it was answered by its own member."""
        if self.session is None:
            self.session = self.login()
        if self.session is None:
            return False
        session, began = self.session, self.story.clock()
        with self.client.request(
            method, path, data=body, name=name, catch_response=True
        ) as answer:
            member = answer.headers.get("X-Member", "") if answer.headers else ""
            status = answer.status_code
            if status == ANSWERED and member == session.member:
                self.story.saw(member, is_election=False)
                return True
            if method == "POST" and not member and self.story.may_lose_post(began):
                self.story.excused_posts += 1
                answer.success()
            elif status in (ANSWERED, NO_SUCH_SESSION):
                how = f"{method} {name} met {member}, status {status}"
                self.judge(answer, self.story.broke(session, how))
                self.forget()
            else:
                self.story.fault(f"{method} {name}: status {status} from {member!r}")
                answer.failure(f"status {status}")
        return False

    def judge(self, answer: object, is_excused: bool) -> None:
        """Locust's own record of a broken session: a failure only if it is a fault."""
        if is_excused:
            answer.success()  # type: ignore[attr-defined]
        else:
            answer.failure("session broken")  # type: ignore[attr-defined]


class Visitor(FastHttpUser):
    """Somebody without a session: each request is an election."""

    weight = 1
    wait_time = constant_throughput(20)

    @task
    def public(self) -> None:
        path = f"/public?bytes={random.choice(SIZES)}"
        with self.client.get(path, name="/public", catch_response=True) as answer:
            member = answer.headers.get("X-Member", "") if answer.headers else ""
            if answer.status_code == ANSWERED and member:
                Shopper.story.saw(member, is_election=True)
            else:
                Shopper.story.fault(f"GET /public: status {answer.status_code}")
                answer.failure(f"status {answer.status_code}")

"""The real Sidekiq, driven by tests: Ruby programs that use it, its server and its web pages."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import signal
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from html import unescape
from pathlib import Path
from typing import Any, Self

import attrs
from redis import Redis

from support.eventually import DEADLINE_SECONDS
from support.source import REPOSITORY

_PROGRAMS = REPOSITORY / "tests" / "interop"
_TOKEN = re.compile(r"""name=.authenticity_token. value=["']([^"']+)""")


def make_all_due(redis: Redis, *keys: str) -> int:
    """Let the time come of all that waits in the retry set and the schedule; returns how many did."""
    members = [(key, member) for key in keys or ("retry", "schedule") for member in redis.zrange(key, 0, -1)]
    return sum(redis.zadd(key, {member: 1.0}, xx=True, ch=True) for key, member in members)


class Console:
    """A Ruby program that evaluates what it is given: `console("Sidekiq::Queue.new.size")`."""

    def __init__(self, redis_url: str) -> None:
        self._process = subprocess.Popen(
            ["ruby", str(_PROGRAMS / "sidekiq_console.rb")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=_environment(redis_url),
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=DEADLINE_SECONDS)

    def __call__(self, code: str, **values: Any) -> Any:
        """Return what an expression of Ruby gives, as JSON has it; the values are variables of it."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([code, values]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]


class Server:
    """A Sidekiq process with the jobs of `sidekiq_jobs.rb`."""

    def __init__(self, redis_url: str, log: Path) -> None:
        self._log = log
        queues = ["-q", "ruby", "-q", "shared", "-q", "billing"]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                ["sidekiq", "-r", str(_PROGRAMS / "sidekiq_jobs.rb"), "-c", "3", *queues, "-t", "5", "-g", "of-ruby"],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=_environment(redis_url),
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(DEADLINE_SECONDS)

    def runs(self, redis: Redis, count: int) -> list[tuple[str, str, list[Any]]]:
        """Wait for that many runs, and return the class, the jid and the arguments of each."""
        found = []
        for _ in range(count):
            reply = redis.blpop(["ran"], timeout=DEADLINE_SECONDS)
            assert reply is not None, f"{len(found)} of {count} runs; {self._log.read_text()[-3000:]}"
            found.append(tuple(json.loads(reply[1])))
        return found


@attrs.frozen
class Page:
    """A page of Sidekiq Web."""

    path: str
    status: int
    html: str

    @property
    def text(self) -> str:
        """What a person sees of it, its spaces in order."""
        body = re.sub(r"(?s)<(script|style|head).*?</\1>", " ", self.html)
        return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())

    @property
    def keys(self) -> list[str]:
        """The keys of the jobs in its list, as their check boxes have them."""
        return [unescape(key) for key in re.findall(r"name=.key\[\]. value=['\"]([^'\"]+)", self.html)]

    @property
    def links(self) -> list[str]:
        """Where it leads, within Sidekiq Web."""
        return sorted({unescape(link) for link in re.findall(r"""href=["'](/[^"'#]*)["']""", self.html)})


class Web:
    """A browser of Sidekiq Web: follows redirects, keeps cookies, sends forms as a person does."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def get(self, path: str) -> Page:
        """Look at a page."""
        return self._open(path, None)

    def press(self, page: Page, button: str, *, at: str | None = None, keys: Iterable[str] = (), **fields: str) -> Page:
        """Press a button of a form on a page, having ticked the jobs of these keys; returns where that leads.

        Args:
            page: where the form is.
            button: its name.
            at: the form's address, if not the page's own.
            keys: of the ticked jobs.
            fields: what else is in the form.
        """
        token = _TOKEN.search(page.html)
        assert token is not None, f"no form on {page.path}"
        form = [
            ("authenticity_token", unescape(token[1])),
            (button, "1"),
            *fields.items(),
            *(("key[]", k) for k in keys),
        ]
        return self._open(at or page.path, urllib.parse.urlencode(form).encode())

    def _open(self, path: str, form: bytes | None) -> Page:
        try:
            with self._opener.open(self._root + path, form, timeout=DEADLINE_SECONDS) as reply:
                return Page(path, reply.status, reply.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Page(path, error.code, error.read().decode())


def _environment(redis_url: str) -> dict[str, str]:
    return os.environ | {"SIDEKIQ_REDIS_URL": redis_url, "LANG": "C.UTF-8"}

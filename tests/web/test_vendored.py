"""The files of others are those that `vendor.txt` says, to the byte."""

from __future__ import annotations

import hashlib

from verk_actors.web.page import STATIC

VENDOR = STATIC / "vendor"


def test_each_file_of_others_is_as_it_was_published():
    listed = dict(line.split()[:2] for line in (VENDOR / "vendor.txt").read_text().splitlines() if line[:1] != "#")
    there = {path.name: path for path in VENDOR.iterdir() if path.name != "vendor.txt"}

    assert {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in there.items()} == listed

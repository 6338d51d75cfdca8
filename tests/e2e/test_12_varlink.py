"""The daemon seen by a Varlink implementation that is not ours (golang-github-varlink-go-dev)."""
import os
import pathlib
import shutil
import subprocess

import pytest

from harness import LIMIT

GOPATH = pathlib.Path("/usr/share/gocode")
SOURCE = pathlib.Path(__file__).resolve().parent.parent / "varlink" / "main.go"


@pytest.mark.skipif(not shutil.which("go") or not (GOPATH / "src/github.com/varlink/go").exists(),
                    reason="apt-get install golang-go golang-github-varlink-go-dev")
def test_01_a_second_implementation(daemon, room, origin):
    environment = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "",
                   "GOCACHE": os.environ.get("GOCACHE", str(room.path / "gocache"))}
    program = room.path / "varlink-client"
    subprocess.run(["go", "build", "-o", str(program), str(SOURCE)], check=True, env=environment, timeout=300)
    done = subprocess.run([str(program), str(room.socket), origin.url("/bytes/100000/a")], capture_output=True, text=True,
                          timeout=LIMIT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")

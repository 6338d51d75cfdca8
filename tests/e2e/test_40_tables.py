"""Tables: what stands on a terminal, and what a pipe gets byte for byte."""
from screen import Screen


def test_a_screen(ctl, origin, daemon):
    [job] = ctl.add("--wait", "-q", origin.url("/bytes/10/a"))
    with Screen(ctl, "list", "--no-pager", columns=60) as screen:
        assert screen.end() == 0
        assert "NAME" in screen.lines[0] and f" {job} done" in " " + screen.lines[1]
        assert screen.color("done") == "green"

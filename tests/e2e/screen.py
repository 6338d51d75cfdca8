"""fetchctl in a real pseudo-terminal, whose screen pyte keeps: what a person would see, after output, keys and resizes.

    with Screen(ctl, "top", columns=80, rows=24) as screen:
        screen.wait("active")
        screen.resize(40, 10)
        screen.keys("q")
        assert screen.end() == 0
"""
import fcntl
import os
import pathlib
import pty
import struct
import subprocess
import termios
import threading

import pyte

from harness import DIE_WITH_PARENT, LIMIT, REPORT

SCREENS = pathlib.Path(__file__).resolve().parent / "screens"


def _size(fd, columns, rows):
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


# A picture comes in pieces; this long it may take to be whole.
DRAWN = 20


def _path(name):
    return SCREENS / f"{name}.txt"


def golden(name, text):
    """text is what screens/NAME.txt holds; FETCHD_SCREENS=write writes it, for a look by eye."""
    path = _path(name)
    if os.environ.get("FETCHD_SCREENS") == "write":
        path.write_text(text)
    assert text == path.read_text(), f"not as in {path.name}:\n{text}"


class _Cells(pyte.Screen):
    """Answers what a program asks its terminal (cursor position, device attributes)."""
    answer = None
    _last = " "

    def write_process_input(self, data):
        self.answer(data.encode())

    # What xterm has and ncurses uses, and pyte 0.8 lacks: REP, SU and SD.

    def draw(self, data):
        super().draw(data)
        self._last = data[-1:] or self._last

    def repeat(self, count=1):
        super().draw(self._last * (count or 1))

    def scroll_up(self, count=1):
        self._scroll((self.margins or (0, self.lines - 1))[1], self.index, count)

    def scroll_down(self, count=1):
        self._scroll((self.margins or (0, self.lines - 1))[0], self.reverse_index, count)

    def _scroll(self, line, step, count):
        at, self.cursor.y = self.cursor.y, line
        for _ in range(count or 1):
            step()
        self.cursor.y = at


class _Stream(pyte.ByteStream):
    csi = {**pyte.ByteStream.csi, "b": "repeat", "S": "scroll_up", "T": "scroll_down"}
    events = pyte.ByteStream.events | {"repeat", "scroll_up", "scroll_down"}


class Screen:
    """environment: besides the room's; a value of None takes a variable away."""

    def __init__(self, ctl, *arguments, columns=80, rows=24, cwd=None, **environment):
        self.raw = b""  # all that was written to the terminal
        self.ended = False  # nobody writes to it any more
        self.changed = threading.Condition()
        self.cells = _Cells(columns, rows)
        self.cells.answer = self.keys
        self._stream = _Stream(self.cells)
        self._fd, terminal = pty.openpty()
        _size(terminal, columns, rows)
        wanted = {**ctl.room.environment(TERM="xterm-256color"), **environment}
        self.process = subprocess.Popen(
            DIE_WITH_PARENT + ctl.command(*arguments), stdin=terminal, stdout=terminal, stderr=terminal, cwd=cwd or ctl.room.downloads,
            start_new_session=True, preexec_fn=self._prepare, env={k: v for k, v in wanted.items() if v is not None})
        os.close(terminal)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @staticmethod
    def _prepare():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    def _read(self):
        while True:
            try:
                data = os.read(self._fd, 65536)
            except OSError:  # EIO: its last user is gone
                data = b""
            with self.changed:
                self.raw += data
                self._stream.feed(data)
                self.ended = not data
                self.changed.notify_all()
            if not data:
                return

    # ---- what stands there

    @property
    def lines(self):
        """Without trailing blanks."""
        with self.changed:
            return [line.rstrip() for line in self.cells.display]

    @property
    def text(self):
        """Without trailing blanks and empty lines at the end."""
        return "\n".join(self.lines).rstrip("\n") + "\n"

    def color(self, text):
        """Foreground of the first cell of text, as pyte names it ("red", "default")."""
        row = next(i for i, line in enumerate(self.lines) if text in line)
        before = self.lines[row].split(text)[0]
        return self.cells.buffer[row][len(before)].fg  # columns are characters where nothing wide comes before

    def wait(self, what):
        """Until a text stands on the screen, or what(screen) holds."""
        accept = what if callable(what) else lambda screen: what in screen.text
        with self.changed:
            self.changed.wait_for(lambda: accept(self) or self.ended, LIMIT)
            assert accept(self), f"waited in vain for {what}; the screen is\n{self.text}"
        return self

    def golden(self, name, replace=(), steady=lambda text: text):
        """The screen is what screens/NAME.txt holds, once all of it is drawn."""
        def text():
            shown = steady(self.text)
            for old, new in replace:
                shown = shown.replace(old, new)
            return shown

        with self.changed:
            self.changed.wait_for(lambda: self.ended or (_path(name).exists() and text() == _path(name).read_text()), DRAWN)
            golden(name, text())

    # ---- what is done to it

    def keys(self, data):
        """What a person types: text, or bytes of escape sequences ("\\x03" is Ctrl-C)."""
        os.write(self._fd, data.encode() if isinstance(data, str) else data)

    def resize(self, columns, rows):
        with self.changed:
            self.cells.resize(rows, columns)
            # pyte leaves it where it was, be that outside; a terminal does not.
            self.cells.ensure_hbounds()
            self.cells.ensure_vbounds()
            _size(self._fd, columns, rows)

    def end(self):
        """Until the program has ended and all it wrote is on the screen: its exit status."""
        code = self.process.wait(LIMIT)
        self._reader.join(LIMIT)
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.end()
        os.close(self._fd)
        assert not REPORT.search(self.raw.decode(errors="replace")), self.text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

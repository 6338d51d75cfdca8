"""A thread that hangs."""
import ctypes
import os
import pathlib
import threading


class Frozen:
    """One thread of a process stopped, as a thread is that hangs: by ptrace(2)."""
    SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17

    def __init__(self, pid, name):
        self.tid = next(int(task.name) for task in pathlib.Path(f"/proc/{pid}/task").iterdir()
                        if (task / "comm").read_text().strip() == name)
        self.libc = ctypes.CDLL(None, use_errno=True)

    def __enter__(self):
        for request in (self.SEIZE, self.INTERRUPT):
            if self.libc.ptrace(request, self.tid, None, None) != 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        os.waitpid(self.tid, 0x40000000)  # __WALL: a thread of somebody else's
        # Should its process be killed, its end waits for this.
        threading.Thread(target=self._reap, daemon=True).start()
        return self

    def _reap(self):
        try:
            while os.WIFSTOPPED(os.waitpid(self.tid, 0x40000000)[1]):
                pass
        except ChildProcessError:
            pass

    def __exit__(self, *_):
        # Gone, when its process was killed.
        self.libc.ptrace(self.DETACH, self.tid, None, None)

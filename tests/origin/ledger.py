"""What the origin saw: every request in order, how many were open at once, which gates hold. Any thread."""
import threading
import time


class Request:
    """One request, as it came in and as far as it went."""

    def __init__(self, port, method, target, path, headers):
        self.time_usec = time.time_ns() // 1000
        self.port = port
        self.method = method
        self.target = target
        self.path = path
        self.headers = headers
        self.status = 0
        self.sent = 0
        self.open = True
        self.aborted = False

    @property
    def range(self):
        return self.headers.get("range")

    def as_dict(self):
        return {
            "time_usec": self.time_usec, "port": self.port, "method": self.method, "target": self.target,
            "path": self.path, "range": self.range, "status": self.status, "sent": self.sent,
            "open": self.open, "aborted": self.aborted,
        }


class Ledger:
    def __init__(self):
        self.changed = threading.Condition()
        self.clear()

    def clear(self):
        with self.changed:
            self.all = []
            self.open_now = {}
            self.peaks = {}
            self.gated = {}
            self.changed.notify_all()

    def begin(self, request):
        with self.changed:
            self.all.append(request)
            for key in (None, request.port):
                now = self.open_now.get(key, 0) + 1
                self.open_now[key] = now
                self.peaks[key] = max(self.peaks.get(key, 0), now)
            self.changed.notify_all()

    def end(self, request, aborted=False):
        """Before the last byte leaves: a client that has it may ask for the next file at once."""
        with self.changed:
            request.aborted = request.aborted or aborted
            if request.open:
                request.open = False
                for key in (None, request.port):
                    self.open_now[key] = self.open_now.get(key, 1) - 1
            self.changed.notify_all()

    def sent(self, request, count):
        with self.changed:
            request.sent += count
            self.changed.notify_all()

    def gate(self, name, delta):
        with self.changed:
            self.gated[name] = self.gated.get(name, 0) + delta
            self.changed.notify_all()

    def as_dict(self):
        with self.changed:
            return {
                "requests": [request.as_dict() for request in self.all],
                "open": self.open_now.get(None, 0),
                "peak": self.peaks.get(None, 0),
                "peak_by_port": {str(port): peak for port, peak in self.peaks.items() if port},
                "gated": {name: count for name, count in self.gated.items() if count},
            }

"""An FTP server (python3-pyftpdlib) in a thread: one user, one directory, a ledger of commands."""
import pathlib
import threading
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import DTPHandler, FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer


class Ftp:
    """Use as a context manager. cut: bytes after which the data connection is closed, once."""

    def __init__(self, root, user="user", password="pass", anonymous=True):
        self.root = pathlib.Path(root)
        self.root.mkdir(parents=True, exist_ok=True)
        self.commands = []
        self.cut = None
        ledger = self

        class Data(DTPHandler):
            def send(self, data):
                if ledger.cut is not None and self.tot_bytes_sent + len(data) > ledger.cut:
                    left = ledger.cut - self.tot_bytes_sent
                    ledger.cut = None
                    super().send(data[:left])
                    self._resp = ("426 Connection closed; transfer aborted.", None)
                    self.close()
                    return left
                return super().send(data)

        class Handler(FTPHandler):
            dtp_handler = Data
            use_sendfile = False
            auth_failed_timeout = 0

            def pre_process_command(self, line, cmd, arg):
                ledger.commands.append(line if cmd != "PASS" else "PASS")
                super().pre_process_command(line, cmd, arg)

            def log(self, *_, **__):
                pass

            logline = log_cmd = log_transfer = log

        authorizer = DummyAuthorizer()
        authorizer.add_user(user, password, str(self.root))
        if anonymous:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                authorizer.add_anonymous(str(self.root))
        Handler.authorizer = authorizer
        self._loop = IOLoop()
        self._server = FTPServer(("127.0.0.1", 0), Handler, ioloop=self._loop)
        self.port = self._server.address[1]
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._stop:
            self._loop.loop(timeout=0.05, blocking=False)
        self._server.close_all()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop = True
        self._thread.join()

    def url(self, path, user=None):
        return f"ftp://{user + '@' if user else ''}127.0.0.1:{self.port}{path}"

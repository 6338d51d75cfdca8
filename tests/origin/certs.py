"""Certificates for tests, made by the openssl tool in a directory: an own CA and what may be wrong with a server's."""
import pathlib
import ssl
import subprocess

CONFIG = """
[ca]
default_ca = own
[own]
database = {dir}/index.txt
new_certs_dir = {dir}
serial = {dir}/serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
"""
GOOD_NAMES = "DNS:localhost,IP:127.0.0.1,IP:::1"


class Certs:
    """own.pem is the CA to trust, other.pem one that nobody trusts; server(kind) names a pair of files."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.path.mkdir(parents=True, exist_ok=True)
        self._made = {}
        for name in ("own", "other"):
            self._openssl("req", "-x509", *self._key(name), "-subj", f"/CN={name} CA", "-days", "3",
                          "-addext", "basicConstraints=critical,CA:TRUE", "-out", self.file(f"{name}.pem"))

    def file(self, name):
        return str(self.path / name)

    @property
    def ca(self):
        return self.file("own.pem")

    def _openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"openssl {arguments}: {done.stderr}"

    def _key(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", self.file(f"{name}.key"))

    def _issue(self, name, names, issuer="own", start=None, end=None, common="localhost"):
        own = self.path / f"{name}.ca"
        own.mkdir()
        (own / "index.txt").touch()
        (own / "serial").write_text("%04x\n" % (len(self._made) + 1))
        (own / "config").write_text(CONFIG.format(dir=own))
        self._openssl("req", *self._key(name), "-subj", f"/CN={common}", "-addext", f"subjectAltName={names}",
                      "-out", self.file(f"{name}.csr"))
        dates = ["-startdate", start, "-enddate", end] if start else ["-days", "2"]
        self._openssl("ca", "-batch", "-notext", "-config", own / "config", "-cert", self.file(f"{issuer}.pem"),
                      "-keyfile", self.file(f"{issuer}.key"), *dates, "-in", self.file(f"{name}.csr"),
                      "-out", self.file(f"{name}.pem"))

    def pair(self, kind):
        """(certificate, key): good, expired, not-yet, wrong-name, self-signed, unknown-ca, client, client-unknown."""
        if kind not in self._made:
            self._make(kind)
            self._made[kind] = (self.file(f"{kind}.pem"), self.file(f"{kind}.key"))
        return self._made[kind]

    def _make(self, kind):
        if kind == "good":
            self._issue(kind, GOOD_NAMES)
        elif kind == "expired":
            self._issue(kind, GOOD_NAMES, start="20200101000000Z", end="20200201000000Z")
        elif kind == "not-yet":
            self._issue(kind, GOOD_NAMES, start="20980101000000Z", end="20990101000000Z")
        elif kind == "wrong-name":
            self._issue(kind, "DNS:elsewhere.example", common="elsewhere.example")
        elif kind == "escape-name":
            self._issue(kind, "DNS:elsewhere.example", common="\x1b[31mred\x1b]0;title\x07")
        elif kind == "unknown-ca":
            self._issue(kind, GOOD_NAMES, issuer="other")
        elif kind == "self-signed":
            self._openssl("req", "-x509", *self._key(kind), "-subj", "/CN=localhost", "-days", "2",
                          "-addext", f"subjectAltName={GOOD_NAMES}", "-out", self.file(f"{kind}.pem"))
        elif kind == "client":
            self._issue(kind, "DNS:client.example", common="client")
        elif kind == "client-unknown":
            self._issue(kind, "DNS:client.example", issuer="other", common="client")
        else:
            raise ValueError(kind)

    def server(self, kind, alpn=None):
        """A context that serves that certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.pair(kind))
        if alpn:
            context.set_alpn_protocols(alpn)
        return context

from . import content
from .certs import Certs
from .raw import RawServer
from .server import Origin

__all__ = ["Certs", "Origin", "RawServer", "content"]

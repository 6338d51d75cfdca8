from . import content
from .server import Origin

__all__ = ["Origin", "content"]

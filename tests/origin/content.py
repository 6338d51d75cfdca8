"""What the origin serves: bytes that are a function of (seed, offset), so that both sides know them without a file.

A block of 64 KiB is 16 bytes that name (seed, block number), then bytes that depend on the seed. A byte
written at a wrong offset, a missing block and a block of another file therefore all show.
"""
import functools
import hashlib

BLOCK = 65536
HEAD = 16


@functools.lru_cache(maxsize=64)
def _tail(seed, size):
    return hashlib.shake_256(seed.encode()).digest(size)[HEAD:]


def _block(seed, index, size):
    head = hashlib.sha256(f"{seed}/{index}".encode()).digest()[:HEAD]
    return (head + _tail(seed, size))[:size]


def span(seed, start, end):
    """Bytes [start, end) of the file named by seed."""
    parts = []
    for index in range(start // BLOCK, (end + BLOCK - 1) // BLOCK):
        low = max(start - index * BLOCK, 0)
        high = min(end - index * BLOCK, BLOCK)
        block = _block(seed, index, BLOCK if index or end > BLOCK else high)
        parts.append(block[low:high])
    return b"".join(parts)


def whole(seed, size):
    return span(seed, 0, size)


def sha256(seed, size):
    digest = hashlib.sha256()
    for start in range(0, size, 1 << 20):
        digest.update(span(seed, start, min(size, start + (1 << 20))))
    return digest.hexdigest()


def same_as_file(path, seed, size):
    """Whether the file at path is that content, whole."""
    with open(path, "rb") as file:
        for start in range(0, size, 1 << 20):
            end = min(size, start + (1 << 20))
            if file.read(end - start) != span(seed, start, end):
                return False
        return file.read(1) == b""

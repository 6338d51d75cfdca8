"""Where on the disk a run's files go.

ext4 passes over inodes deleted in the last minutes one by one, so that many new files cost ten times as much where many
have just been deleted: by an earlier bench, or by anyone. So nothing small is deleted before the end, each run gets a
part of the disk of its own, and a part where files are slow to make is left for another.
"""

import os
import subprocess
import tempfile
import time

PROBE_FILES = 300
PROBE_SECONDS = PROBE_FILES * 100e-6
TRIES = 10


def spread(folder):
    """New folders in folder are placed all over the disk (chattr(1), T); other file systems neither know nor need it."""
    subprocess.run(["chattr", "+T", folder], stderr=subprocess.DEVNULL, check=False)


def probe(folder):
    """Seconds that PROBE_FILES new files take. They stay: deleted, they would be what is looked for."""
    os.mkdir(f"{folder}/probe")
    before = time.monotonic()
    for n in range(PROBE_FILES):
        os.close(os.open(f"{folder}/probe/{n}", os.O_CREAT | os.O_WRONLY, 0o600))
    return time.monotonic() - before


def quick_folder(base):
    """A new folder in base where files are quick to make, or the last of TRIES. ext4 places a folder by its name."""
    for _ in range(TRIES):
        folder = tempfile.mkdtemp(prefix="run-", dir=base)
        if probe(folder) < PROBE_SECONDS:
            break
    return folder

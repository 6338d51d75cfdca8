"""python3 -m origin [PORT]: serve until SIGINT or SIGTERM; the first line on stdout is the base URL."""
import signal
import sys

from . import Origin


def main():
    stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    with Origin(fixed_port=int(sys.argv[1]) if len(sys.argv) > 1 else 0) as origin:
        print(origin.url(""), flush=True)
        signal.sigwait(stop)


main()

#!/bin/sh
# The service under a real systemd, booted in a container: arguments go to pytest. FETCHD_SUITES: Debian's releases, the first one that
# this machine's programs are built for. 77 where such a container is not permitted.
here=$(cd "$(dirname "$0")" && pwd)
FETCHD_BUILDDIR=${FETCHD_BUILDDIR:-$(pwd)}
PYTHONDONTWRITEBYTECODE=1
export FETCHD_BUILDDIR PYTHONDONTWRITEBYTECODE

skip()
{
	echo "SKIPPED, and so nothing of the systemd service was tested: $1" >&2
	exit 77
}

[ "$(id -u)" -eq 0 ] || skip "only root can boot a container"
for tool in mmdebstrap systemd-nspawn nsenter setpriv; do
	command -v $tool >/dev/null || skip "$tool is missing; on Debian: apt-get install mmdebstrap systemd-container util-linux"
done
/usr/bin/python3 -c 'import pytest' 2>/dev/null || skip "pytest is missing; on Debian: apt-get install python3-pytest"

code=0
for suite in ${FETCHD_SUITES:-bookworm}; do
	echo "==> systemd of $suite"
	FETCHD_SUITE=$suite /usr/bin/python3 "$here/machine.py" || { [ $? -eq 77 ] && skip "see above"; exit 1; }
	FETCHD_SUITE=$suite /usr/bin/python3 -m pytest -p no:cacheprovider -q -rs --durations=5 -c /dev/null --rootdir="$here" "$@" "$here" || code=1
done
exit $code

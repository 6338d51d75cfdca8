#!/bin/sh
# The service under a real systemd, booted in a container: arguments go to pytest. FETCHD_SUITES: releases of Debian, by default
# this machine's and the next. 77 where such a container is not permitted.
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

# Programs that were built on one release run on it, and on later ones.
. /etc/os-release
case ${VERSION_CODENAME:-} in
bookworm) suites="bookworm trixie" ;;
'') skip "this is no release of Debian" ;;
*) suites=$VERSION_CODENAME ;;
esac
code=77
for suite in ${FETCHD_SUITES:-$suites}; do
	FETCHD_SUITE=$suite
	export FETCHD_SUITE
	echo "==> systemd of $suite"
	/usr/bin/python3 "$here/machine.py"
	case $? in
	0) ;;
	77) echo "SKIPPED: systemd of $suite" >&2; continue ;;
	*) exit 1 ;;
	esac
	if ! /usr/bin/python3 -m pytest -p no:cacheprovider -q -rs --durations=5 -c /dev/null --rootdir="$here" "$@" "$here"; then
		code=1
	elif [ $code -eq 77 ]; then
		code=0
	fi
done
[ $code -ne 77 ] || skip "no container could be made or booted"
exit $code

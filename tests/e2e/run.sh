#!/bin/sh
# The end-to-end tests, with automake's exit statuses. Arguments go to pytest.
here=$(cd "$(dirname "$0")" && pwd)
FETCHD_BUILDDIR=${FETCHD_BUILDDIR:-$(pwd)}
PYTHONDONTWRITEBYTECODE=1
export FETCHD_BUILDDIR PYTHONDONTWRITEBYTECODE
/usr/bin/python3 -c 'import pytest, pyte' 2>/dev/null || { echo "pytest or pyte is missing; on Debian: apt-get install python3-pytest python3-pyte"; exit 77; }
# A root of its own: pytest tidies up what other runs of it, at the same time, may still use.
if [ -z "$PYTEST_DEBUG_TEMPROOT" ]; then
	PYTEST_DEBUG_TEMPROOT=$(mktemp -d /tmp/fetchd.XXXX) || exit 1
	export PYTEST_DEBUG_TEMPROOT
fi
/usr/bin/python3 -m pytest -p no:cacheprovider -q -rs --durations=5 -c /dev/null --rootdir="$here" "$@" "$here"
code=$?
# What failed is left to be looked at.
[ $code -ne 0 ] || case $PYTEST_DEBUG_TEMPROOT in /tmp/fetchd.????) rm -rf "$PYTEST_DEBUG_TEMPROOT" ;; esac
exit $code

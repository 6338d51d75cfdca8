#!/bin/sh
# The end-to-end tests, with automake's exit statuses. Arguments go to pytest.
here=$(cd "$(dirname "$0")" && pwd)
FETCHD_BUILDDIR=${FETCHD_BUILDDIR:-$(pwd)}
PYTHONDONTWRITEBYTECODE=1
export FETCHD_BUILDDIR PYTHONDONTWRITEBYTECODE
/usr/bin/python3 -c 'import pytest, pyte' 2>/dev/null || { echo "pytest or pyte is missing; on Debian: apt-get install python3-pytest python3-pyte"; exit 77; }
exec /usr/bin/python3 -m pytest -p no:cacheprovider -q -rs --durations=5 -c /dev/null --rootdir="$here" "$@" "$here"

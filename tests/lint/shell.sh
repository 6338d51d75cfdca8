#!/bin/sh
# The program shellcheck finds nothing to say about the scripts.
srcdir=${FETCHD_SRCDIR:-$(dirname "$0")/../..}
command -v shellcheck >/dev/null || { echo "shellcheck is missing; on Debian: apt-get install shellcheck"; exit 77; }
cd "$srcdir" || exit 1
# Words of one shell that another is given stand in single quotes.
scripts=$(grep -rlE '^#!/bin/(ba)?sh' .ci bench debian etc scripts tests) && [ "$scripts" ] || exit 1
# shellcheck disable=SC2086 # no name here has a space
exec shellcheck --exclude=SC1091,SC2016 $scripts

#!/bin/sh
# mandoc finds nothing to say about the manual pages.
srcdir=${FETCHD_SRCDIR:-$(dirname "$0")/../..}
command -v mandoc >/dev/null || { echo "mandoc is missing; on Debian: apt-get install mandoc"; exit 77; }
set -- "$srcdir"/man/*.[1-8]
[ -e "$1" ] || { echo "no manual page in $srcdir/man"; exit 1; }
# Cross references to pages of packages that are not installed here are no fault of the page.
said=$(mandoc -T lint -W style "$@" 2>&1 | grep -v -e 'referenced manual not found' -e 'outdated mandoc.db')
[ -z "$said" ] || { printf '%s\n' "$said"; exit 1; }

#!/bin/sh
# "make install" installs what installed.txt names, with those modes, and "make uninstall" takes all of it away.
# FETCHD_INSTALLED=write writes the list anew; then it is looked at.
srcdir=$(cd "${FETCHD_SRCDIR:-$(dirname "$0")/../..}" && pwd) || exit 1
list=$srcdir/tests/lint/installed.txt
room=$(mktemp -d "${TMPDIR:-/tmp}/fetchd.XXXXXX") || exit 1
trap 'rm -rf "$room"' EXIT

# run TARGET: the places are a distribution's, wherever this build would install.
run()
{
	make -C "${FETCHD_BUILDDIR:-$srcdir/build}" "$1" DESTDIR="$room/root" prefix=/usr sysconfdir=/etc >"$room/log" 2>&1 && return
	tail -n 20 "$room/log"
	exit 1
}

umask 022
run install
(cd "$room/root" && find . ! -type d -printf '%#m /%P\n' | sort -k 2) >"$room/list"
[ "$FETCHD_INSTALLED" != write ] || cp "$room/list" "$list"
diff -u "$list" "$room/list" || { echo "make install and tests/lint/installed.txt are not of one mind"; exit 1; }
run uninstall
left=$(find "$room/root" ! -type d)
[ -z "$left" ] || { echo "make uninstall leaves: $left"; exit 1; }

#!/bin/sh
# systemd finds nothing wrong with the units, and little that the system's service could do to the machine.
command -v systemd-analyze >/dev/null || { echo "systemd-analyze is missing; on Debian: apt-get install systemd"; exit 77; }
srcdir=${FETCHD_SRCDIR:-.} builddir=${FETCHD_BUILDDIR:-.}
place=$(mktemp -d) || exit 1
trap 'rm -rf "$place"' EXIT
code=0

for mode in system user; do
	mkdir "$place/$mode"
	cp "$srcdir/systemd/$mode/"*.socket "$place/$mode"
	# The programs of this build stand in for the installed ones.
	sed "s|@bindir@|$builddir|" "$srcdir/systemd/$mode/fetchd.service.in" >"$place/$mode/fetchd.service"
	manager=--$mode
	[ $mode = system ] || export XDG_RUNTIME_DIR="$place"
	systemd-analyze verify $manager --man=no --recursive-errors=yes "$place/$mode/"* || { echo "$mode: systemd-analyze verify"; code=1; }
done

# In tenths: 1.2.
systemd-analyze security --offline=yes --no-pager --threshold=12 "$place/system/fetchd.service" >"$place/security" ||
	{ grep -v '✓' "$place/security"; code=1; }
grep 'Overall exposure' "$place/security"
! grep -q '^PrivateUsers=' "$place/system/fetchd.service" || { echo "PrivateUsers=: clients would all be one user"; code=1; }
exit $code

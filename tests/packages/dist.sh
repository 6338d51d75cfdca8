#!/bin/bash
# "make dist" of the same commit three times: in two directories, by other users, with another umask, time zone and locale, with
# files of other times; and from the tarball itself. The three are the same byte for byte.
set -eu
srcdir=$(cd "${FETCHD_SRCDIR:-$(dirname "$0")/../..}" && pwd)
[ -e "$srcdir/.git" ] || { echo "SKIPPED: no git repository, so no commit to make a tarball of"; exit 77; }
room=$(mktemp -d "${TMPDIR:-/tmp}/fetchd.XXXXXX")
trap 'rm -rf "$room"' EXIT
chmod 755 "$room"

# dist TREE: its tarball's sum
dist()
{
	(
		cd "$1"
		[ -e configure ] || autoreconf -fi
		mkdir build
		cd build
		../configure
		make dist
	) >"$room/log" 2>&1 || { tail -n 30 "$room/log" >&2; return 1; }
	sha256sum <"$(echo "$1"/build/fetchd-*.tar.xz)"
}

# same NAME SUM
same()
{
	echo "$2 $1"
	[ "$2" = "$first" ] || { echo "the tarball is another one: $1"; exit 1; }
}

git clone -q "$srcdir" "$room/first"
first=$(umask 022; TZ=UTC LC_ALL=C; export TZ LC_ALL; dist "$room/first")
same "from a clone" "$first"

mkdir -m 755 "$room/elsewhere"
other=()
if [ "$(id -u)" -eq 0 ]; then
	chown 65534:65534 "$room/elsewhere"
	other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	git config --file "$room/gitconfig" safe.directory "*"
fi
cp -r "$room/first/.git" "$room/origin.git"
chmod -R a+rX "$room/origin.git"
export -f dist
export room
second=$(umask 077; HOME=$room/elsewhere TZ=Pacific/Kiritimati LC_ALL=C.UTF-8 TAR_OPTIONS=--verbose XZ_OPT=-1 GIT_CONFIG_GLOBAL=$room/gitconfig \
	"${other[@]}" bash -euc '
		git clone -q "$room/origin.git" "$room/elsewhere/second tree"
		find "$room/elsewhere/second tree" -path "*/.git" -prune -o -exec touch -h -d 2020-02-02 {} +
		room=$room/elsewhere
		dist "$room/second tree"')
same "by another user, with another umask, zone and locale" "$second"

mkdir "$room/third"
tar -xf "$room"/first/build/fetchd-*.tar.xz -C "$room/third"
same "from the tarball itself" "$(dist "$(echo "$room"/third/fetchd-*)")"

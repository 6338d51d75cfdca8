#!/bin/bash
# tests/packages/run.sh DIRECTORY: the packages in it under lintian, then in a Debian root made for this: installed in an older
# version with an older queue, upgraded, removed, installed again, purged (inside.sh). Packages come from this machine's own sources.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
debs=$(cd "$1" && pwd)

skip()
{
	echo "======== SKIPPED, NOT PASSED: $* ========"
	exit 77
}

[ "$(id -u)" -eq 0 ] || skip "a root is made by root"
for program in lintian mmdebstrap; do
	command -v $program >/dev/null || skip "$program is missing; on Debian: apt-get install $program"
done
unshare --mount --net --pid --fork true 2>/dev/null || skip "no namespaces here"

room=$(mktemp -d "${TMPDIR:-/var/tmp}/fetchd.XXXXXX")
trap 'rm -rf --one-file-system "$room"' EXIT

echo "==> lintian"
TMPDIR=$room lintian --allow-root --fail-on error,warning --tag-display-limit 0 "$debs"/*.changes

# older PACKAGE: the same with a lower version
older()
{
	dpkg-deb -R "$debs/$1"_[0-9]*.deb "$room/tree"
	sed -i 's/^Version: .*/Version: 0.0.1/' "$room/tree/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$room/tree" "$room/packages/old" >/dev/null
	rm -r "$room/tree"
}

mkdir -p "$room/packages/old" "$room/packages/new"
older fetchd
older fetchctl
cp "$debs"/fetchd_[0-9]*.deb "$debs"/fetchctl_[0-9]*.deb "$room/packages/new"

echo "==> a root"
export needs DEBIAN_FRONTEND=noninteractive
needs=$(for deb in "$room"/packages/new/*; do dpkg-deb -f "$deb" Depends; done | paste -sd,)
. /etc/os-release
apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Identifier: Packages' 'Origin: Debian' |
	mmdebstrap --quiet --mode=root --variant=apt --include=python3,systemd \
		--customize-hook='chroot "$1" apt-get satisfy -qq -y --no-install-recommends "$needs" >/dev/null' \
		"$VERSION_CODENAME" "$room/root" -
cp -r "$room/packages" "$here/inside.sh" "$here/../e2e/schema_2.sql" "$here/../../debian/tests/smoke" "$room/root/root/"

# Nothing outside of the root, no network, and nothing that outlives it.
echo "==> inside"
unshare --mount --net --pid --fork --kill-child --mount-proc sh -euc '
	ip link set lo up
	mount -t proc proc "$1/proc"
	mount -t tmpfs tmpfs "$1/run"
	exec chroot "$1" /bin/bash /root/inside.sh' sh "$room/root"

#!/bin/bash
# Run by run.sh in its root: what the packages do there, step by step. What they need is installed; they are in /root/packages.
set -Eeu
cd /root
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive TMPDIR=/tmp
state=/var/lib/fetchd daemon=''
trap 'echo "FAILED in line $LINENO: $BASH_COMMAND"' ERR

step()
{
	echo "  -> $*"
}

# files: all but what is kernel's, dpkg's own and systemd's notes on units
files()
{
	find / -xdev \( -path /proc -o -path /run -o -path /root -o -path /var/lib/dpkg -o -path /var/log -o -path /tmp \
		-o -path /var/lib/systemd/deb-systemd-\* \) -prune -o -print | sort
}

# queue WHAT: the answer of the database to a statement
queue()
{
	python3 -c 'import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])' $state/queue.db "$1"
}

# start: a daemon that starts no transfer
start()
{
	setpriv --reuid fetchd --regid fetchd --init-groups fetchd --system -o Schedule.Window=stop >>daemon.log 2>&1 &
	daemon=$!
	until fetchctl --system -q ping 2>/dev/null; do
		kill -0 $daemon || { cat daemon.log; return 1; }
		sleep 0.1
	done
}

stop()
{
	kill $daemon
	wait $daemon
}

# unit VERB UNIT: what systemctl says of it
unit()
{
	systemctl "$@" 2>/dev/null || true
}

files >before

step "install"
dpkg -i packages/old/*.deb >dpkg.log
[ "$(unit is-enabled fetchd.socket)" = enabled ]
[ "$(unit is-enabled fetchd.service)" = enabled ]
[ "$(unit --global is-enabled fetchd.socket)" = disabled ]
[ "$(unit --global is-enabled fetchd.service)" = disabled ]
getent passwd fetchd | grep -q :/var/lib/fetchd:
systemd-analyze --man=no verify fetchd.socket fetchd.service
fetchd --system --check-config

step "a queue of an older schema, a file that is done, a part, local changes"
install -d -m 755 -o fetchd -g fetchd $state $state/downloads $state/downloads/root
install -d -m 700 -o fetchd -g fetchd $state/downloads/.fetchd
install -d -m 755 -o fetchd -g fetchd /run/fetchd
python3 - <<-'PYTHON'
	import re, sqlite3
	text = open("/root/schema_2.sql").read().replace("@DIR@", "/var/lib/fetchd/downloads").replace("@ADDRESS@", "127.0.0.1:9")
	text = re.sub("@ORIGIN([0-9])@", r"http://127.0.0.2:1\1", text)
	db = sqlite3.connect("/var/lib/fetchd/queue.db")
	db.executescript(text + "PRAGMA application_id = 0x46544348; PRAGMA user_version = 2;")
PYTHON
chmod 600 $state/queue.db
chown fetchd:fetchd $state/queue.db
echo whole >$state/downloads/root/whole
echo part >$state/downloads/.fetchd/99.0.part
jobs=$(queue "SELECT count(*) FROM jobs")
[ "$jobs" -gt 0 ]
sed -i 's/^#MaxActive=.*/MaxActive=5/' /etc/fetchd/fetchd.conf

step "upgrade: the queue is kept and migrated, changes of the configuration stay"
dpkg -i packages/new/*.deb >>dpkg.log
grep -q '^MaxActive=5' /etc/fetchd/fetchd.conf
[ "$(queue "PRAGMA user_version")" -eq 2 ]
start
[ "$(fetchctl --system --no-legend list | wc -l)" -eq "$jobs" ]
stop
[ "$(queue "PRAGMA user_version")" -gt 2 ]
[ "$(queue "SELECT count(*) FROM jobs")" -eq "$jobs" ]
[ -e $state/queue.db.schema-2.backup ]

step "the packages' own smoke test"
cp smoke /tmp
setpriv --reuid daemon --regid daemon --clear-groups env HOME=/tmp sh /tmp/smoke

step "remove: programs go, queue and configuration stay"
dpkg -r fetchd fetchctl >>dpkg.log
[ ! -e /usr/bin/fetchd ] && [ ! -e /usr/bin/fetchctl ]
[ "$(queue "SELECT count(*) FROM jobs")" -eq "$jobs" ]
grep -q '^MaxActive=5' /etc/fetchd/fetchd.conf

step "install again: all is there as it was"
dpkg -i packages/new/*.deb >>dpkg.log
[ "$(unit is-enabled fetchd.socket)" = enabled ]
start
[ "$(fetchctl --system --no-legend list | wc -l)" -eq "$jobs" ]
stop

step "purge: all is as before, but for files that are done and the user"
dpkg -P fetchd fetchctl >>dpkg.log
getent passwd fetchd >/dev/null
[ "$(find $state -mindepth 1 -printf '%P ')" = "downloads downloads/root downloads/root/whole " ]
rm -r $state
files >after
diff before after

step "install and purge without a queue"
dpkg -i packages/new/*.deb >>dpkg.log
dpkg -P fetchd fetchctl >>dpkg.log
files >after
diff before after

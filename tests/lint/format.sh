#!/bin/sh
# .clang-format decides, as version 14 reads it.
srcdir=${FETCHD_SRCDIR:-$(dirname "$0")/../..}
for format in clang-format-14 clang-format; do
	case $($format --version 2>/dev/null) in *"version 14."*) break ;; esac
	format=
done
[ "$format" ] || { echo "clang-format 14 is missing; on Debian 12: apt-get install clang-format"; exit 77; }
cd "$srcdir" || exit 1
find src tests bench -name '*.[ch]' -exec "$format" --style=file --dry-run --Werror {} +

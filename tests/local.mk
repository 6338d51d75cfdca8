# tests: unit (C), lint, end to end, fuzz (C). "make check" runs all; "make crash ROUNDS=n SEED=s" the kill -9 test for longer.
include tests/unit/local.mk
include tests/sim/local.mk
include tests/fuzz/local.mk
include tests/system/local.mk

TEST_EXTENSIONS = .py .sh
AM_TESTS_ENVIRONMENT = \
	FETCHD_SRCDIR='$(abs_top_srcdir)'; FETCHD_BUILDDIR='$(abs_top_builddir)'; \
	PYTHONDONTWRITEBYTECODE=1; export FETCHD_SRCDIR FETCHD_BUILDDIR PYTHONDONTWRITEBYTECODE;
# pytest is Debian's, and belongs to the system's Python.
PY_LOG_COMPILER = /usr/bin/python3
SH_LOG_COMPILER = $(SHELL)

lint_tests = tests/lint/agreement.py tests/lint/catalog.py tests/lint/errors.py tests/lint/format.sh tests/lint/includes.py tests/lint/installed.sh tests/lint/manuals.sh tests/lint/shell.sh tests/lint/units.sh tests/lint/words.py
e2e_tests = tests/e2e/run.sh
e2e_screens = \
	tests/e2e/screens/group-show-80.txt \
	tests/e2e/screens/groups-200.txt \
	tests/e2e/screens/groups-40.txt \
	tests/e2e/screens/groups-80.txt \
	tests/e2e/screens/limits-40.txt \
	tests/e2e/screens/limits-80.txt \
	tests/e2e/screens/list-1-200.txt \
	tests/e2e/screens/list-1-40.txt \
	tests/e2e/screens/list-1-80.txt \
	tests/e2e/screens/list-10000-200.txt \
	tests/e2e/screens/list-10000-40.txt \
	tests/e2e/screens/list-10000-80.txt \
	tests/e2e/screens/list-20-200.txt \
	tests/e2e/screens/list-20-40.txt \
	tests/e2e/screens/list-20-80.txt \
	tests/e2e/screens/list-chosen-80.txt \
	tests/e2e/screens/pipe-groups.txt \
	tests/e2e/screens/pipe-limits.txt \
	tests/e2e/screens/pipe-list-json.txt \
	tests/e2e/screens/pipe-list.txt
TESTS += $(lint_tests) $(e2e_tests)
# They run the programs.
tests/lint/agreement.py.log tests/e2e/run.sh.log: fetchd$(EXEEXT) fetchctl$(EXEEXT)

top_screens = tests/e2e/screens/top_40_0.txt tests/e2e/screens/top_40_1.txt tests/e2e/screens/top_40_20.txt tests/e2e/screens/top_40_10000.txt \
	tests/e2e/screens/top_80_0.txt tests/e2e/screens/top_80_1.txt tests/e2e/screens/top_80_20.txt tests/e2e/screens/top_80_10000.txt \
	tests/e2e/screens/top_200_0.txt tests/e2e/screens/top_200_1.txt tests/e2e/screens/top_200_20.txt tests/e2e/screens/top_200_10000.txt
progress_screens = tests/e2e/screens/progress_one_20.txt tests/e2e/screens/progress_one_200.txt \
	tests/e2e/screens/progress_one_40.txt tests/e2e/screens/progress_one_80.txt \
	tests/e2e/screens/progress_ten_thousand_80.txt tests/e2e/screens/progress_twenty_12_rows.txt \
	tests/e2e/screens/progress_twenty_200.txt tests/e2e/screens/progress_twenty_40.txt \
	tests/e2e/screens/progress_twenty_80.txt

EXTRA_DIST += scripts/need $(lint_tests) tests/lint/installed.txt $(e2e_tests) tests/lint/tree.py \
	tests/frozen.py tests/e2e/conftest.py tests/e2e/disks.py tests/e2e/harness.py tests/e2e/hostile.py tests/e2e/screen.py tests/e2e/shim.c tests/e2e/varlink.py \
	tests/e2e/test_01_basics.py tests/e2e/test_02_refusals.py tests/e2e/test_03_options.py \
	tests/e2e/test_04_concurrency.py tests/e2e/test_05_retry.py tests/e2e/test_06_resume.py tests/e2e/test_07_verbs.py \
	tests/e2e/test_08_service.py tests/e2e/test_09_start.py tests/e2e/test_10_protocol.py tests/e2e/test_11_users.py \
	tests/e2e/test_12_varlink.py tests/e2e/test_13_access.py tests/e2e/test_13_secrets.py tests/e2e/test_14_attempts_holds.py tests/e2e/test_15_disks.py \
	tests/e2e/test_20_hostile_answers.py tests/e2e/test_20_hostile_bodies.py tests/e2e/test_20_hostile_ranges.py \
	tests/e2e/test_20_hostile_tls.py tests/e2e/test_21_servers.py tests/e2e/test_22_network.py \
	tests/e2e/test_30_groups.py tests/e2e/test_31_limits.py tests/e2e/test_32_edit.py tests/e2e/test_33_backup.py tests/e2e/test_34_lists.py \
	tests/e2e/test_35_schemas.py tests/e2e/test_35_time.py tests/e2e/test_36_quota.py tests/e2e/test_37_governor.py \
	tests/e2e/test_40_tables.py tests/e2e/test_41_progress.py tests/e2e/test_42_habits.py $(progress_screens) \
	tests/e2e/test_42_top.py $(top_screens) tests/e2e/test_43_patterns.py tests/e2e/test_44_completion.py tests/e2e/test_45_watch.py tests/e2e/test_46_metrics.py tests/e2e/test_47_hooks.py tests/e2e/test_47_journal.py tests/e2e/test_48_split.py tests/e2e/test_48_split_hostile.py tests/e2e/test_49_hook_config.py tests/e2e/test_52_ready_hooks.py \
	tests/e2e/schema_1.sql tests/e2e/schema_2.sql tests/e2e/schema_3.sql tests/e2e/schema_4.sql tests/e2e/test_90_crash.py \
	$(e2e_screens) \
	tests/origin/README.md tests/origin/__init__.py tests/origin/__main__.py tests/origin/behaviour.py \
	tests/origin/certs.py tests/origin/content.py tests/origin/dns.py tests/origin/ftp.py tests/origin/http2.py \
	tests/origin/ledger.py tests/origin/netns.py tests/origin/programs.py tests/origin/proxy.py tests/origin/raw.py \
	tests/origin/server.py \
	tests/varlink/main.go

check-unit: all $(check_PROGRAMS)
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(check_PROGRAMS)'
check-lint: all
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(lint_tests)'
check-e2e: all
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(e2e_tests)'

ROUNDS = 100
SEED =
crash: fetchd$(EXEEXT) fetchctl$(EXEEXT)
	$(AM_TESTS_ENVIRONMENT) FETCHD_CRASH_ROUNDS='$(ROUNDS)' FETCHD_CRASH_SEED='$(SEED)' \
	$(SHELL) $(srcdir)/tests/e2e/run.sh -s -k kill9_at_random
.PHONY: crash check-unit check-lint check-e2e

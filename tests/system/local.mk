# The service in a booted container; "make check-system", which needs root and is no part of "make check".
EXTRA_PROGRAMS += tests/system/probe
CLEANFILES += tests/system/probe$(EXEEXT)
tests_system_probe_LDADD = $(fetchd_LDADD)
system_tests = tests/system/run.sh
EXTRA_DIST += $(system_tests) tests/system/conftest.py tests/system/machine.py \
	tests/system/test_00_install.py tests/system/test_01_service.py tests/system/test_02_sandbox.py tests/system/test_03_users.py \
	tests/system/test_04_user_service.py tests/system/test_05_hooks.py tests/system/test_09_packages.py

check-system: all
	$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(system_tests)'; code=$$?; grep SKIPPED tests/system/run.sh.log; exit $$code
clean-local: clean-system
clean-system:
	rm -rf --one-file-system tests/system/root-*
.PHONY: check-system clean-system

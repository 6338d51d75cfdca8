# Sim: the real engine and store over a simulated clock, workers and disk. Linked without worker and disk: sim.c has theirs.
sim_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)
sim_sources = tests/sim/sim.c tests/sim/sim.h tests/sim/pool.c
sim_ldflags = -Wl,--wrap=store_commit
sim_libs = src/libfetchd.a src/libjob.a src/libbase.a $(SQLITE_LIBS) $(INIH_LIBS) -lm

if HAVE_CMOCKA
sim_tests = tests/sim/test_fairness tests/sim/test_found tests/sim/test_groups tests/sim/test_hooks tests/sim/test_hooks_crash \
	tests/sim/test_splits \
	tests/sim/test_undone \
	tests/sim/test_properties
check_PROGRAMS += $(sim_tests)
TESTS += $(sim_tests)

tests_sim_test_properties_CPPFLAGS = $(sim_cppflags) $(CMOCKA_CFLAGS)
tests_sim_test_properties_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
tests_sim_test_properties_LDADD = $(sim_libs) $(CMOCKA_LIBS)
tests_sim_test_properties_SOURCES = tests/sim/test_properties.c \
	tests/sim/attempts.c \
	tests/sim/check.c \
	tests/sim/edits.c \
	tests/sim/follow.c \
	tests/sim/groups.c \
	tests/sim/history.c tests/sim/history.h \
	tests/sim/model.c tests/sim/model.h \
	tests/sim/run.c tests/sim/run.h \
	tests/sim/shrink.c \
	tests/sim/sources.c \
	tests/sim/users.c \
	tests/sim/world.c \
	$(sim_sources)

tests_sim_test_undone_CPPFLAGS = $(sim_cppflags) $(CMOCKA_CFLAGS)
tests_sim_test_undone_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
tests_sim_test_undone_LDADD = $(sim_libs) $(CMOCKA_LIBS)
tests_sim_test_undone_SOURCES = tests/sim/test_undone.c $(sim_sources)

tests_sim_test_splits_CPPFLAGS = $(sim_cppflags) $(CMOCKA_CFLAGS)
tests_sim_test_splits_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
tests_sim_test_splits_LDADD = $(sim_libs) $(CMOCKA_LIBS)
tests_sim_test_splits_SOURCES = tests/sim/test_splits.c $(sim_sources)

tests_sim_test_groups_CPPFLAGS = $(sim_cppflags) $(CMOCKA_CFLAGS)
tests_sim_test_groups_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
tests_sim_test_groups_LDADD = $(sim_libs) $(CMOCKA_LIBS)
tests_sim_test_groups_SOURCES = tests/sim/test_groups.c $(sim_sources)

tests_sim_test_hooks_CPPFLAGS = $(sim_cppflags) $(CMOCKA_CFLAGS)
tests_sim_test_hooks_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
tests_sim_test_hooks_LDADD = $(sim_libs) $(CMOCKA_LIBS)
tests_sim_test_hooks_SOURCES = tests/sim/test_hooks.c tests/sim/hooks.c tests/sim/hooks.h $(sim_sources)

tests_sim_test_hooks_crash_CPPFLAGS = $(sim_cppflags) $(CMOCKA_CFLAGS)
tests_sim_test_hooks_crash_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
tests_sim_test_hooks_crash_LDADD = $(sim_libs) $(CMOCKA_LIBS)
tests_sim_test_hooks_crash_SOURCES = tests/sim/test_hooks_crash.c tests/sim/hooks.c tests/sim/hooks.h $(sim_sources)

tests_sim_test_fairness_CPPFLAGS = $(sim_cppflags) $(CMOCKA_CFLAGS)
tests_sim_test_fairness_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
tests_sim_test_fairness_LDADD = $(sim_libs) $(CMOCKA_LIBS)
tests_sim_test_fairness_SOURCES = tests/sim/test_fairness.c $(sim_sources)

tests_sim_test_found_CPPFLAGS = $(sim_cppflags) $(CMOCKA_CFLAGS)
tests_sim_test_found_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
tests_sim_test_found_LDADD = $(sim_libs) $(CMOCKA_LIBS)
tests_sim_test_found_SOURCES = tests/sim/test_found.c $(sim_sources)
endif

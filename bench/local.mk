# bench: the same work through fetchd and its peers. BENCHFLAGS: see bench/run --help.
EXTRA_PROGRAMS += bench/delayd
bench_delayd_CPPFLAGS = $(AM_CPPFLAGS) $(EVENT_CFLAGS)
bench_delayd_SOURCES = bench/delayd.c
bench_delayd_LDADD = $(EVENT_LIBS)
EXTRA_PROGRAMS += bench/governor
bench_governor_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
bench_governor_SOURCES = bench/governor.c
bench_governor_LDADD = src/libjob.a src/libbase.a
CLEANFILES += bench/delayd$(EXEEXT) bench/governor$(EXEEXT)

# bench-queue: a million jobs. QUEUEFLAGS: see bench/queue_sizes.py --help.
EXTRA_PROGRAMS += bench/queue
bench_queue_CPPFLAGS = $(sim_cppflags)
bench_queue_SOURCES = bench/queue.c $(sim_sources)
bench_queue_LDFLAGS = $(AM_LDFLAGS) $(sim_ldflags)
bench_queue_LDADD = $(sim_libs)
CLEANFILES += bench/queue$(EXEEXT)

.PHONY: bench bench-queue
bench-queue: fetchd$(EXEEXT) fetchctl$(EXEEXT) bench/queue$(EXEEXT)
	$(srcdir)/bench/queue_sizes.py --builddir=$(builddir) $(QUEUEFLAGS)
bench: fetchd$(EXEEXT) fetchctl$(EXEEXT) bench/delayd$(EXEEXT)
	$(srcdir)/bench/run --builddir=$(builddir) $(BENCHFLAGS)

.PHONY: bench-governor
bench-governor: bench/governor$(EXEEXT)
	bench/governor$(EXEEXT)

EXTRA_DIST += \
	bench/README.md \
	bench/run \
	bench/hook_items.py \
	bench/items.py \
	bench/measure.py \
	bench/places.py \
	bench/queue_items.py bench/queue_sizes.py bench/rate_items.py \
	bench/report.py \
	bench/servers.py \
	bench/tools.py

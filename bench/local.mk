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

.PHONY: bench
bench: fetchd$(EXEEXT) fetchctl$(EXEEXT) bench/delayd$(EXEEXT)
	$(srcdir)/bench/run --builddir=$(builddir) $(BENCHFLAGS)

.PHONY: bench-governor
bench-governor: bench/governor$(EXEEXT)
	bench/governor$(EXEEXT)

EXTRA_DIST += \
	bench/README.md \
	bench/run \
	bench/items.py \
	bench/measure.py \
	bench/places.py \
	bench/queue_items.py bench/rate_items.py \
	bench/report.py \
	bench/servers.py \
	bench/tools.py

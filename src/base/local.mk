noinst_LIBRARIES += src/libbase.a
src_libbase_a_SOURCES = \
	src/base/alloc.c src/base/alloc.h \
	src/base/base64.c src/base/base64.h \
	src/base/clock.c src/base/clock.h \
	src/base/hash.h \
	src/base/heap.c src/base/heap.h \
	src/base/histogram.c src/base/histogram.h \
	src/base/fileio.c src/base/fileio.h \
	src/base/log.c src/base/log.h \
	src/base/mailbox.c src/base/mailbox.h \
	src/base/netif.c src/base/netif.h \
	src/base/rate.c src/base/rate.h \
	src/base/rng.c src/base/rng.h \
	src/base/text.c src/base/text.h \
	src/base/units.c src/base/units.h

noinst_LIBRARIES += src/libjob.a
src_libjob_a_SOURCES = \
	src/job/attempt.c src/job/attempt.h \
	src/job/checksum.c src/job/checksum.h \
	src/job/classify.c src/job/classify.h \
	src/job/event.c src/job/event.h \
	src/job/filter.c src/job/filter.h \
	src/job/header.c src/job/header.h \
	src/job/hold.c src/job/hold.h \
	src/job/httpdate.c src/job/httpdate.h \
	src/job/job.c src/job/job.h \
	src/job/lifecycle.c src/job/lifecycle.h \
	src/job/name.c src/job/name.h \
	src/job/origin.c src/job/origin.h \
	src/job/retry.c src/job/retry.h \
	src/job/verdict.c src/job/verdict.h

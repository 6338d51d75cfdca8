# Fuzz targets (libFuzzer): only in a build configured with CC=clang and --enable-fuzzing; scripts/fuzz makes one and runs them.
fuzz_targets = \
	tests/fuzz/content_range \
	tests/fuzz/content_disposition \
	tests/fuzz/retry_after \
	tests/fuzz/url \
	tests/fuzz/name \
	tests/fuzz/header \
	tests/fuzz/digest \
	tests/fuzz/response \
	tests/fuzz/gate

EXTRA_DIST += tests/fuzz/README.md tests/fuzz/corpus

EXTRA_PROGRAMS += $(fuzz_targets)
CLEANFILES += $(fuzz_targets)

.PHONY: fuzz
if FUZZING
fuzz: $(fuzz_targets)
else
fuzz:
	@echo 'Configure with CC=clang --enable-fuzzing first, or run scripts/fuzz.' >&2; exit 1
endif

fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
fuzz_job = src/libjob.a src/libbase.a
fuzz_fetchd = src/libfetchd.a $(fuzz_job)

tests_fuzz_content_range_SOURCES = tests/fuzz/content_range.c tests/fuzz/fuzz.h
tests_fuzz_content_range_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_content_range_LDADD = $(fuzz_fetchd)

tests_fuzz_content_disposition_SOURCES = tests/fuzz/content_disposition.c tests/fuzz/fuzz.h
tests_fuzz_content_disposition_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_content_disposition_LDADD = $(fuzz_job)

tests_fuzz_retry_after_SOURCES = tests/fuzz/retry_after.c tests/fuzz/fuzz.h
tests_fuzz_retry_after_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_retry_after_LDADD = $(fuzz_job)

tests_fuzz_url_SOURCES = tests/fuzz/url.c tests/fuzz/fuzz.h
tests_fuzz_url_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_url_LDADD = $(fuzz_fetchd)

tests_fuzz_name_SOURCES = tests/fuzz/name.c tests/fuzz/fuzz.h
tests_fuzz_name_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_name_LDADD = $(fuzz_job)

tests_fuzz_header_SOURCES = tests/fuzz/header.c tests/fuzz/fuzz.h
tests_fuzz_header_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_header_LDADD = $(fuzz_job)

tests_fuzz_digest_SOURCES = tests/fuzz/digest.c tests/fuzz/fuzz.h
tests_fuzz_digest_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_digest_LDADD = $(fuzz_job)

tests_fuzz_response_SOURCES = tests/fuzz/response.c tests/fuzz/fuzz.h
tests_fuzz_response_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_response_LDADD = $(fuzz_fetchd)

tests_fuzz_gate_SOURCES = tests/fuzz/gate.c tests/fuzz/fuzz.h
tests_fuzz_gate_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_gate_LDADD = $(fuzz_fetchd)

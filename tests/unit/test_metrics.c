/* fetchd/metrics: the text of figures, in both formats; base/histogram; job/failure */
#include "config.h"

#include "unit.h"

#include <math.h>

#include "base/histogram.h"
#include "fetchd/metrics/metrics.h"
#include "job/failure.h"

static const int64_t bounds[] = {USEC_PER_MSEC, USEC_PER_SEC, USEC_INFINITY};

static void test_histogram(void **state)
{
	static const struct {
		int64_t usec;
		int bucket;
	} rows[] = {{-5, 0}, {0, 0}, {1000, 0}, {1001, 1}, {USEC_PER_SEC, 1}, {USEC_PER_SEC + 1, 2}};
	struct histogram h;

	(void)state;
	histogram_init(&h, bounds);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		uint64_t before = h.counts[rows[i].bucket];

		histogram_add(&h, rows[i].usec);
		assert_int_equal(h.counts[rows[i].bucket], before + 1);
	}
	assert_int_equal(h.sum_usec, 1000 + 1001 + 2 * USEC_PER_SEC + 1);
}

static struct histogram some;

static struct metrics example(void)
{
	histogram_init(&some, bounds);
	histogram_add(&some, 500);
	histogram_add(&some, 500);
	histogram_add(&some, 2500 * USEC_PER_MSEC);
	return (struct metrics){.version = "1.2",
		.first_byte = &some,
		.transfer = &some,
		.hook = &some,
		.commit = &some,
		.jobs = {[JOB_DONE] = 3},
		.received_bytes = 123456789012345,
		.cpu_seconds = 0.1 + 0.2,
		.limit_transfers = {16, 6, INFINITY}};
}

static void check_lines(enum metrics_format format, const char *const *lines, bool there)
{
	const struct metrics m = example();
	CLEANUP_FREE char *text = metrics_text(&m, format);
	CLEANUP_FREE char *whole = xasprintf("\n%s", text);

	for (; *lines; lines++) {
		CLEANUP_FREE char *line = xasprintf("\n%s\n", *lines);

		CHECK_INT(*lines, strstr(whole, line) != NULL, there);
	}
}

static void test_openmetrics(void **state)
{
	static const char *const lines[] = {"# TYPE fetchd_build info",
		"fetchd_build_info{version=\"1.2\"} 1", "# TYPE fetchd_jobs gauge",
		"fetchd_jobs{state=\"done\"} 3", "fetchd_jobs{state=\"queued\"} 0",
		"# TYPE fetchd_received_bytes counter", "# UNIT fetchd_received_bytes bytes",
		"fetchd_received_bytes_total 123456789012345",
		"process_cpu_seconds_total 0.30000000000000004", "fetchd_limit_transfers{scope=\"all\"} 16",
		"fetchd_limit_transfers{scope=\"user\"} +Inf", "# TYPE fetchd_commit_seconds histogram",
		"fetchd_commit_seconds_bucket{le=\"0.001\"} 2", "fetchd_commit_seconds_bucket{le=\"1.0\"} 2",
		"fetchd_commit_seconds_bucket{le=\"+Inf\"} 3", "fetchd_commit_seconds_count 3",
		"fetchd_commit_seconds_sum 2.501", "# EOF", NULL};

	(void)state;
	check_lines(METRICS_OPENMETRICS, lines, true);
}

static void test_prometheus(void **state)
{
	static const char *const lines[] = {"# TYPE fetchd_build_info gauge",
		"# TYPE fetchd_received_bytes_total counter",
		"# HELP fetchd_received_bytes_total Bytes of files received.",
		"fetchd_received_bytes_total 123456789012345", "# TYPE fetchd_commit_seconds histogram",
		NULL};
	static const char *const others[] = {
		"# UNIT fetchd_received_bytes bytes", "# TYPE fetchd_received_bytes counter", "# EOF", NULL};

	(void)state;
	check_lines(METRICS_PROMETHEUS, lines, true);
	check_lines(METRICS_PROMETHEUS, others, false);
}

static void test_failures(void **state)
{
	static const struct {
		const char *code, *name;
	} rows[] = {{NULL, "other"}, {"E_NEVER", "other"}, {"E_DNS", "dns"}, {"E_STALL", "timeout"},
		{"E_HTTP_404", "http_4xx"}, {"E_HTTP_503", "http_5xx"}, {"E_HTTP_302", "answer"},
		{"E_HTTP2", "network"}, {"E_HTTP_UNEXPECTED", "answer"}, {"E_NO_SPACE", "disk"}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_STR(rows[i].code, failure_name(failure_of(rows[i].code)), rows[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_openmetrics),
		cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

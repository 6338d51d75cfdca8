/* base/log: the sink, the level, and the two forms on stderr */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

static int calls;
static enum log_level last_level;
static char last_message[256];
static char last_fields[256];

static void capture(enum log_level level, const char *message, const struct log_field *fields, size_t n)
{
	calls++;
	last_level = level;
	snprintf(last_message, sizeof(last_message), "%s", message);
	last_fields[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		strcat(last_fields, fields[i].name);
		strcat(last_fields, "=");
		strcat(last_fields, fields[i].value);
		strcat(last_fields, ";");
	}
	errno = EIO; /* as a sink may leave it */
}

static int setup(void **state)
{
	(void)state;
	calls = 0;
	log_set_sink(capture);
	log_set_level(LOG_LEVEL_INFO);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	log_set_sink(NULL);
	return 0;
}

static void test_level_words(void **state)
{
	static const struct {
		const char *word;
		int want;
	} rows[] = {{"err", LOG_LEVEL_ERR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
		{"info", LOG_LEVEL_INFO}, {"debug", LOG_LEVEL_DEBUG}, {"", -1}, {"INFO", -1}, {"infos", -1},
		{"6", -1}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		CHECK_INT(rows[i].word, log_level_parse(rows[i].word), rows[i].want);
}

static void test_level_filters(void **state)
{
	(void)state;
	log_debug("hidden");
	log_line(LOG_LEVEL_DEBUG, "hidden");
	assert_int_equal(calls, 0);
	log_info("shown %d", 1);
	assert_int_equal(calls, 1);
	assert_int_equal(last_level, LOG_LEVEL_INFO);
	log_set_level(LOG_LEVEL_ERR);
	assert_int_equal(log_get_level(), LOG_LEVEL_ERR);
	log_warning("hidden");
	log_notice("hidden");
	assert_int_equal(calls, 1);
	log_err("shown");
	assert_int_equal(last_level, LOG_LEVEL_ERR);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("shown");
	assert_int_equal(calls, 3);
}

static void test_controls_are_replaced(void **state)
{
	(void)state;
	log_info("%s", "a\nb\x1b[31mc\x7f\t\xc3\xa9");
	assert_string_equal(last_message, "a?b?[31mc??\xc3\xa9");
}

static void test_fields_reach_the_sink(void **state)
{
	struct log_record record = {0};

	(void)state;
	log_record_int(&record, "JOB", 7);
	log_record_text(&record, "NONE", NULL);
	log_record_text(&record, "HOST", "h\n\x1b");
	log_record_write(&record, LOG_LEVEL_NOTICE, "job %d", 7);
	assert_string_equal(last_message, "job 7");
	assert_string_equal(last_fields, "JOB=7;HOST=h\\x0a\\x1b;");
	assert_int_equal(record.n, 0);
	log_message(LOG_LEVEL_INFO, "id", "%s", "x");
	assert_string_equal(last_fields, "MESSAGE_ID=id;");
}

static void test_errno_is_kept(void **state)
{
	(void)state;
	errno = ENOENT;
	log_info("x");
	assert_int_equal(errno, ENOENT);
}

/* ---- stderr. A pipe in packet mode (pipe2(2)) gives each write as one read. */

static void child(int write_fd, bool journal)
{
	struct stat st;
	char stream[64];

	dup2(write_fd, STDERR_FILENO);
	fstat(STDERR_FILENO, &st);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		(uintmax_t)st.st_ino + (journal ? 0 : 1));
	setenv("JOURNAL_STREAM", stream, 1);
	log_set_sink(NULL);
	log_set_level(LOG_LEVEL_INFO);
	log_info("first %s", "line");
	log_err("second");
	_exit(0);
}

static void check_stderr(bool journal, const char *first, const char *second)
{
	char buf[256];
	int fds[2], status;
	const char *want[] = {first, second};

	assert_int_equal(pipe2(fds, O_DIRECT | O_CLOEXEC), 0);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		child(fds[1], journal);
	close(fds[1]);
	for (int i = 0; i < 2; i++) {
		ssize_t n = read(fds[0], buf, sizeof(buf) - 1);

		assert_true(n > 0);
		buf[n] = '\0';
		CHECK_STR(journal ? "journal" : "plain", buf, want[i]);
	}
	assert_int_equal(read(fds[0], buf, sizeof(buf)), 0);
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_stderr_is_the_journal(void **state)
{
	(void)state;
	check_stderr(true, "<6>first line\n", "<3>second\n");
}

/* $JOURNAL_STREAM is inherited, but names another file. */
static void test_stderr_was_redirected(void **state)
{
	char first[128], second[128];

	(void)state;
	snprintf(first, sizeof(first), "%s: info: first line\n", program_invocation_short_name);
	snprintf(second, sizeof(second), "%s: err: second\n", program_invocation_short_name);
	check_stderr(false, first, second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_level_words),
		cmocka_unit_test_setup_teardown(test_level_filters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_controls_are_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(test_fields_reach_the_sink, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errno_is_kept, setup, teardown),
		cmocka_unit_test(test_stderr_is_the_journal),
		cmocka_unit_test(test_stderr_was_redirected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

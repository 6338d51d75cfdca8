/* config_hook, config_words: sections that are there as often as one likes */
#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/text.h"
#include "fetchd/config_private.h"

struct fixture {
	char dir[64];
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	snprintf(f->dir, sizeof(f->dir), "/tmp/test_config.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	setenv("XDG_CONFIG_HOME", f->dir, 1);
	setenv("HOME", f->dir, 1);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", f->dir);

	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static void write_file(const struct fixture *f, const char *name, const char *text)
{
	CLEANUP_FREE char *path = xasprintf("%s/fetchd/%s", f->dir, name);
	CLEANUP_FREE char *command = xasprintf("mkdir -p $(dirname %s)", path);

	assert_int_equal(system(command), 0);
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, 0600);
}

/* NULL with the error, whose directory is cut away. */
static struct config *load(const struct fixture *f, const char *override, bool strict, char **ret_error)
{
	const struct config_source source = {.mode = CONFIG_USER,
		.overrides = &override,
		.n_overrides = override != NULL,
		.strict = strict};
	CLEANUP_FREE char *error = NULL;
	struct config *config = config_load(&source, &error);

	*ret_error = error && text_starts(error, f->dir) ? xstrdup(error + strlen(f->dir) + 8)
							 : xstrdup_null(error);
	return config;
}

static struct config *load_good(const struct fixture *f, const char *override)
{
	char *error;
	struct config *config = load(f, override, false, &error);

	CHECK_STR_FREE("error", error, NULL);
	return config;
}

/* ---- words */

static void test_words(void **state)
{
	static const struct {
		const char *text, *want; /* joined by | */
	} rows[] = {
		{"", ""},
		{"  \t ", ""},
		{"a", "a"},
		{" a  b\tc ", "a|b|c"},
		{"\"a b\" 'c d'", "a b|c d"},
		{"a\"b c\"d", "ab cd"},
		{"'' \"\" x", "||x"},
		{"a\\ b", "a b"},
		{"\"a\\\"b\" '\\n'", "a\"b|\\n"},
		{"\"\\$ \\x \\\\\"", "$ \\x \\"},
		{"$HOME `x` ~ *", "$HOME|`x`|~|*"},
		{"it\\'s", "it's"},
		{"\"a 'b' c\"", "a 'b' c"},
		{"\xff \xc3\xa9", "\xff|\xc3\xa9"},
		{"x\\", "x\\"},
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = NULL;
		char **words = config_words_split(rows[i].text, &why), *all = xstrdup("");

		assert_non_null(words);
		for (size_t k = 0; words[k]; k++) {
			char *longer = xasprintf("%s%s%s", all, k ? "|" : "", words[k]);
			free(all);
			all = longer;
		}
		CHECK_STR_FREE(rows[i].text, all, rows[i].want);
		config_words_free(words);
	}
}

static void test_words_that_do_not_end(void **state)
{
	static const char *const rows[] = {"\"", "a 'b", "\"a\\\""};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = NULL;

		assert_null(config_words_split(rows[i], &why));
		CHECK_STR(rows[i], why, "a quote is not closed");
	}
}

/* ---- sections */

static void test_defaults(void **state)
{
	struct fixture *f = *state;

	write_file(f, "fetchd.conf", "[Hook a]\nCommand=/bin/true\n");
	struct config *config = load_good(f, NULL);
	const struct config_hook *hook = config_hook_find(config, "a");
	assert_non_null(hook);
	assert_null(config_hook_find(config, "b"));
	CHECK_INT("on", hook->on, HOOK_ON_DONE);
	CHECK_INT("timeout", hook->timeout_usec, 600 * USEC_PER_SEC);
	CHECK_INT("attempts", hook->max_attempts, 10);
	CHECK_INT("delay", hook->delay_usec, USEC_PER_SEC);
	CHECK_INT("longest", hook->max_delay_usec, 3600 * USEC_PER_SEC);
	CHECK_INT("concurrency", hook->concurrency, 0);
	CHECK_INT("nice", hook->nice, 10);
	CHECK_INT("memory", hook->memory_max, 0);
	CHECK_INT("cpu", hook->cpu_time_usec, USEC_INFINITY);
	CHECK_INT("default", hook->is_default, 0);
	CHECK_INT("isolation", hook->isolation, HOOK_ISOLATION_NONE);
	CHECK_STR("directory", hook->working_directory, NULL);
	CHECK_STR("problem", hook->problem, NULL);
	assert_null(hook->roots[0]);
	assert_null(hook->environment[0]);
	assert_true(config->hooks_concurrency >= 1);
	CHECK_INT("stop", config->hooks_stop_usec, 5 * USEC_PER_SEC);
	config_unref(config);
}

/* Key by key, whoever has the last word; in the order in which they come up. */
static void test_drop_ins(void **state)
{
	struct fixture *f = *state;

	write_file(f, "fetchd.conf",
		"[Hook b]\nCommand=/bin/true x\nTimeout=1s\nEnvironment=A=1\nEnvironment=B=2\nNice=3\n"
		"[Hook a]\nCommand=/bin/false\nOn=failed group-done\n");
	write_file(f, "fetchd.conf.d/10-more.conf",
		"[Hook c]\nCommand=/bin/true\n[Hook b]\nTimeout=2s\nEnvironment=C=3\n");
	write_file(f, "fetchd.conf.d/20-more.conf", "[Hook b]\nNice=\n");
	struct config *config = load_good(f, "Hook b.MaxAttempts=2");
	CHECK_INT("n", config->n_hooks, 3);
	CHECK_STR("first", config->hooks[0].name, "b");
	CHECK_STR("second", config->hooks[1].name, "a");
	CHECK_STR("third", config->hooks[2].name, "c");
	const struct config_hook *hook = &config->hooks[0];
	CHECK_STR("argument", hook->command[1], "x");
	CHECK_INT("timeout", hook->timeout_usec, 2 * USEC_PER_SEC);
	CHECK_INT("attempts", hook->max_attempts, 2);
	CHECK_INT("nice", hook->nice, 10);
	CHECK_STR("environment", hook->environment[0], "C=3");
	assert_null(hook->environment[1]);
	CHECK_INT("on", config->hooks[1].on, HOOK_ON_FAILED | HOOK_ON_GROUP_DONE);
	config_unref(config);
}

/* Longer than what inih takes: line, section, key and value are whole all the same. */
static void test_long_lines(void **state)
{
	struct fixture *f = *state;
	char name[CONFIG_HOOK_NAME_MAX + 1], argument[3000];

	memset(name, 'n', sizeof(name) - 1);
	memset(argument, 'x', sizeof(argument) - 1);
	name[sizeof(name) - 1] = argument[sizeof(argument) - 1] = '\0';
	CLEANUP_FREE char *text = xasprintf(
		"[Hook %s]\nCommand = /bin/true  %s '# ; x' # %s\nNice=1 ; x\n", name, argument, argument);
	write_file(f, "fetchd.conf", text);
	struct config *config = load_good(f, NULL);
	const struct config_hook *hook = config_hook_find(config, name);
	assert_non_null(hook);
	CHECK_STR("long", hook->command[1], argument);
	CHECK_STR("quoted", hook->command[2], "# ; x");
	assert_null(hook->command[3]);
	CHECK_INT("nice", hook->nice, 1);
	config_unref(config);
}

static void test_roots(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *real = xasprintf("%s/real", f->dir), *link = xasprintf("%s/link", f->dir);
	CLEANUP_FREE char *below = xasprintf("%s/x", real), *beside = xasprintf("%s-x", real);
	CLEANUP_FREE char *text = xasprintf("[Hook a]\nCommand=/bin/true\nRoots=~/link\n");

	assert_int_equal(mkdir(real, 0700), 0);
	assert_int_equal(symlink("real", link), 0);
	write_file(f, "fetchd.conf", text);
	struct config *config = load_good(f, NULL);
	const struct config_hook *hook = &config->hooks[0];
	assert_true(config_hook_below(hook, link));
	assert_true(config_hook_below(hook, real));
	assert_true(config_hook_below(hook, below));
	assert_false(config_hook_below(hook, beside));
	assert_false(config_hook_below(hook, f->dir));
	config_unref(config);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *lines, *error;
	} rows[] = {
		{"", "fetchd.conf:1: Hook a.Command: a hook needs one"},
		{"Command=", "fetchd.conf:2: Hook a.Command: a hook needs one"},
		{"Command=true", "fetchd.conf:2: Hook a.Command: true is not an absolute path"},
		{"Command=/bin/%n",
			"fetchd.conf:2: Hook a.Command: /bin/%n has a specifier: only arguments may"},
		{"Command=/bin/true 'x", "fetchd.conf:2: Hook a.Command: a quote is not closed"},
		{"Command=/bin/true %", "fetchd.conf:2: Hook a.Command: % is no specifier; known are %p %n "
					"%d %i %u %g %c %k and %%"},
		{"Command=/bin/true a%%%zb", "fetchd.conf:2: Hook a.Command: %z is no specifier; known are "
					     "%p %n %d %i %u %g %c %k and %%"},
		{"Command=/bin/true\nOn=done,nothing",
			"fetchd.conf:3: Hook a.On: nothing is none of done, failed, group-done"},
		{"Command=/bin/true\nEnvironment=1A=x",
			"fetchd.conf:3: Hook a.Environment: 1A=x is not of the form NAME=VALUE"},
		{"Command=/bin/true\nEnvironment=A",
			"fetchd.conf:3: Hook a.Environment: A is not of the form NAME=VALUE"},
		{"Command=/bin/true\nEnvironment=FETCHD_URL=x",
			"fetchd.conf:3: Hook a.Environment: FETCHD_URL=x begins as those that fetchd itself "
			"sets"},
		{"Command=/bin/true\nWorkingDirectory=here",
			"fetchd.conf:3: Hook a.WorkingDirectory: here begins neither with / nor with %d"},
		{"Command=/bin/true\nWorkingDirectory=/%q", "fetchd.conf:3: Hook a.WorkingDirectory: %q is "
							    "no specifier; known are %p %n %d %i %u %g %c %k "
							    "and %%"},
		{"Command=/bin/true\nRoots=/etc",
			"fetchd.conf:3: Hook a.Roots: /etc is in none of DownloadRoots"},
		{"Command=/bin/true\nNice=20", "fetchd.conf:3: Hook a.Nice: 20 is out of range: -20 to 19"},
		{"Command=/bin/true\nColour=red", "fetchd.conf:3: Hook a.Colour: no such key"},
		{"[Hook a b]", "fetchd.conf:2: Hook a b: a hook is [Hook NAME], the name of letters, digits, "
			       "- and _, at "
			       "most 64"},
		{"[Hook]\nNice=1", "fetchd.conf:2: Hook: a hook is [Hook NAME], the name of letters, digits, "
				   "- and _, at most 64"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CLEANUP_FREE char *text = xasprintf("[Hook a]\n%s\n", rows[i].lines);
		char *error;

		write_file(f, "fetchd.conf", text);
		assert_null(load(f, NULL, false, &error));
		CHECK_STR_FREE(rows[i].lines, error, rows[i].error);
	}
}

static void test_overrides(void **state)
{
	struct fixture *f = *state;
	char *error;

	write_file(f, "fetchd.conf", "[Hook a]\nCommand=/bin/true\n");
	assert_null(load(f, "Hook a.Nice=x", false, &error));
	CHECK_STR_FREE("value", error, "-o: Hook a.Nice: x is no number");
	assert_null(load(f, "Hook a.Nose=x", false, &error));
	CHECK_STR_FREE("key", error, "-o: Hook a.Nose: no such key");
	assert_null(load(f, "Hook b.Nice=1", false, &error));
	CHECK_STR_FREE("no command", error, "-o: Hook b.Command: a hook needs one");
	struct config *config = load_good(f, "Hook b.Command=/bin/false %p");
	CHECK_STR("argument", config_hook_find(config, "b")->command[1], "%p");
	config_unref(config);
}

/* Told at a start, an error where one asks. */
static void test_problems(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *tool = xasprintf("%s/fetchd/tool", f->dir);
	CLEANUP_FREE char *text = xasprintf("[Hook a]\nNice=1\nCommand=%s %%p\n", tool);
	static const struct {
		int mode; /* -1: none */
		const char *problem;
	} rows[] = {
		{-1, "there is no such file"},
		{0777, "can be written by all users"},
		{0700, NULL},
	};

	write_file(f, "fetchd.conf", text);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *error;

		if (rows[i].mode >= 0) {
			write_file(f, "tool", "x");
			chmod(tool, (mode_t)rows[i].mode);
		}
		struct config *config = load_good(f, NULL);
		assert_int_equal(config->hooks[0].problem != NULL, rows[i].problem != NULL);
		config_unref(config);
		config = load(f, NULL, true, &error);
		assert_int_equal(config != NULL, rows[i].problem == NULL);
		if (rows[i].problem) {
			assert_true(text_starts(error, "fetchd.conf:3: Hook a.Command: "));
			assert_non_null(strstr(error, rows[i].problem));
		}
		free(error);
		config_unref(config);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_words),
		TEST(test_words_that_do_not_end),
		TEST(test_defaults),
		TEST(test_drop_ins),
		TEST(test_long_lines),
		TEST(test_roots),
		TEST(test_refusals),
		TEST(test_overrides),
		TEST(test_problems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Isolation=unit: the command as a transient unit of the service manager, by systemd-run(1), which waits for
 * it and ends as it ends. Pure. What is killed here is the client alone: the unit is ended by systemctl(1).
 *
 * The unit is called after the row, not after the attempt: should the daemon be killed and the unit go on,
 * the next attempt finds the name taken, fails, and comes again later, instead of running beside it.
 */
#include <config.h>

#include "fetchd/hook/internal.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"

#define SYSTEMCTL "/usr/bin/systemctl"
/* The manager ends it by itself when the daemon does not, because it is no more. */
#define BACKSTOP_SEC 10

struct vector {
	char **words;
	size_t n;
};

/* Takes word. */
static void push(struct vector *v, char *word)
{
	v->words = xreallocarray(v->words, v->n + 2, sizeof(*v->words));
	v->words[v->n++] = word;
	v->words[v->n] = NULL;
}

static void push_number(struct vector *v, const char *property, int64_t value, const char *unit)
{
	push(v, xasprintf("--property=%s=%" PRIi64 "%s", property, value, unit));
}

static char *unit_name(const char *key)
{
	char *name = xasprintf("fetchd-hook-%s.service", key);

	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '-';
	return name;
}

/* The manager puts variables in the place of "$NAME", whatever the argument was. */
static char *escape_dollars(const char *text)
{
	char *escaped = xmalloc(2 * strlen(text) + 1), *to = escaped;

	for (; *text; text++) {
		if (*text == '$')
			*to++ = '$';
		*to++ = *text;
	}
	*to = '\0';
	return escaped;
}

/* The bus and the manager take nothing else. */
static bool can_pass(const char *text)
{
	for (const char *p = text; *p; p++)
		if (((unsigned char)*p < ' ' && *p != '\t' && *p != '\n') || *p == '\x7f')
			return false;
	return text_utf8_valid(text, strlen(text));
}

static int check(char *const *argv, char *const *env, char **ret_error)
{
	bool good = true;

	for (size_t i = 0; argv[i]; i++)
		good = good && can_pass(argv[i]);
	for (size_t i = 0; env[i]; i++)
		good = good && can_pass(env[i]);
	if (!good)
		*ret_error = xstrdup(
			"Isolation=unit cannot pass on a name that is no UTF-8 or has control characters");
	return good ? 0 : -EILSEQ;
}

static void push_mode(struct vector *v, const struct prepare_base *base)
{
	push(v, xstrdup(base->mode == CONFIG_USER ? "--user" : "--system"));
}

static void push_properties(struct vector *v, const struct launch *launch, const struct hook_task *task)
{
	const struct config_hook *hook = task->hook;

	push(v, xasprintf(
			"--property=WorkingDirectory=%s%s", launch->may_lack ? "-" : "", launch->directory));
	push_number(v, "TimeoutStopSec", HOOK_GRACE_USEC, "us");
	if (hook->timeout_usec < USEC_INFINITY / 2)
		push_number(v, "RuntimeMaxSec", hook->timeout_usec + BACKSTOP_SEC * USEC_PER_SEC, "us");
	if (hook->nice)
		push_number(v, "Nice", hook->nice, "");
	if (launch->memory_max)
		push_number(v, "MemoryMax", launch->memory_max, "");
	if (launch->cpu_sec)
		push_number(v, "LimitCPU", launch->cpu_sec, "");
}

static void push_user(struct vector *v, const struct prepare_base *base)
{
	if (base->mode == CONFIG_USER)
		return;
	push(v, xasprintf("--uid=%u", geteuid()));
	push(v, xasprintf("--gid=%u", getegid()));
}

static void push_command(struct vector *v, char **argv)
{
	push(v, xstrdup("--"));
	for (size_t i = 0; argv[i]; i++) {
		push(v, i ? escape_dollars(argv[i]) : xstrdup(argv[i]));
		free(argv[i]);
	}
	free(argv);
}

int unit_wrap(struct launch *launch, const struct prepare_base *base, const struct hook_task *task,
	char *const *own, char **ret_error)
{
	CLEANUP_FREE char *name = unit_name(task->key);
	struct vector v = {NULL};
	int err = check(launch->argv, own, ret_error);

	if (err)
		return err;
	push(&v, xstrdup(CONFIG_HOOK_SYSTEMD_RUN));
	push_mode(&v, base);
	push(&v, xstrdup("--wait"));
	push(&v, xstrdup("--pipe"));
	push(&v, xstrdup("--collect"));
	push(&v, xstrdup("--quiet"));
	push(&v, xasprintf("--unit=%s", name));
	push_user(&v, base);
	push_properties(&v, launch, task);
	for (size_t i = 0; own[i]; i++)
		push(&v, xasprintf("--setenv=%s", own[i]));
	push_command(&v, launch->argv);
	launch->argv = v.words;
	/* The bounds are the unit's, not its client's. */
	launch->nice = launch->memory_max = launch->cpu_sec = 0;
	str_set(&launch->directory, "/");
	return 0;
}

struct launch *unit_stop(const struct prepare_base *base, const char *key, bool kill)
{
	struct launch *launch = launch_new();
	struct vector v = {NULL};

	push(&v, xstrdup(SYSTEMCTL));
	push_mode(&v, base);
	push(&v, xstrdup("--quiet"));
	push(&v, xstrdup(kill ? "kill" : "stop"));
	if (kill)
		push(&v, xstrdup("--signal=KILL"));
	push(&v, unit_name(key));
	launch->argv = v.words;
	launch->envp = prepare_copy_env(base->env);
	launch->directory = xstrdup("/");
	return launch;
}

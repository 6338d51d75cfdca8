/* Prepare: what a hook's process is given: arguments, environment, standard input. Owns nothing; runs in the
 * pool's thread and must not block: it looks at no file system.
 */
#include <config.h>

#include "fetchd/hook/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/fileio.h"
#include "base/text.h"
#include "job/origin.h"
#include "wire/frame.h"
#include "wire/groupjson.h"
#include "wire/jobjson.h"

/* Linux 6.3: a memory file that nobody will execute; where administrators ask for it, no other kind is had.
 */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8U
#endif

/* ---- what there is to say of a task. Each caller frees; NULL is the same as "". */

static char *text_path(const struct hook_task *task)
{
	return task->job && job_has_file(task->job) ? job_path(task->job) : NULL;
}

static char *text_name(const struct hook_task *task)
{
	return task->job ? xstrdup_null(task->job->name) : NULL;
}

static char *text_dir(const struct hook_task *task)
{
	return task->job ? xstrdup_null(task->job->dir) : NULL;
}

static char *text_id(const struct hook_task *task)
{
	return task->job ? xasprintf("%" PRIi64, task->job->id) : NULL;
}

static char *text_url(const struct hook_task *task)
{
	return task->job && task->job->url ? origin_redact(task->job->url) : NULL;
}

static char *text_group(const struct hook_task *task)
{
	return xstrdup_null(task->group ? task->group->name : task->job ? task->job->group : NULL);
}

static char *text_checksum(const struct hook_task *task)
{
	const struct job *job = task->job;

	return job ? xstrdup_null(job->options.checksum ? job->options.checksum : job->digest) : NULL;
}

static char *text_key(const struct hook_task *task)
{
	return xstrdup(task->key);
}

static char *text_event(const struct hook_task *task)
{
	switch (task->on) {
	case HOOK_ON_DONE: return xstrdup("done");
	case HOOK_ON_FAILED: return xstrdup("failed");
	case HOOK_ON_GROUP_DONE: return xstrdup("group-done");
	}
	abort(); /* no single event */
}

static char *text_hook(const struct hook_task *task)
{
	return xstrdup(task->hook->name);
}

static char *text_attempt(const struct hook_task *task)
{
	return xasprintf("%d", task->attempt);
}

static char *text_size(const struct hook_task *task)
{
	return task->job && task->job->size >= 0 ? xasprintf("%" PRIi64, task->job->size) : NULL;
}

static char *text_state(const struct hook_task *task)
{
	return xstrdup(task->job ? job_state_name(task->job->state) : wire_group_state(task->group));
}

static char *text_error(const struct hook_task *task)
{
	return task->job ? xstrdup_null(task->job->error_code) : NULL;
}

static char *text_owner(const struct hook_task *task)
{
	return xasprintf("%u", task->job ? task->job->owner : task->group->owner);
}

static const struct word {
	char specifier; /* NUL: it has none */
	const char *variable;
	char *(*text)(const struct hook_task *task);
} words[] = {
	{'p', "FETCHD_PATH", text_path},
	{'n', "FETCHD_NAME", text_name},
	{'d', "FETCHD_DIR", text_dir},
	{'i', "FETCHD_JOB_ID", text_id},
	{'u', "FETCHD_URL", text_url},
	{'g', "FETCHD_GROUP", text_group},
	{'c', "FETCHD_CHECKSUM", text_checksum},
	{'k', "FETCHD_KEY", text_key},
	{'\0', "FETCHD_EVENT", text_event},
	{'\0', "FETCHD_HOOK", text_hook},
	{'\0', "FETCHD_ATTEMPT", text_attempt},
	{'\0', "FETCHD_SIZE", text_size},
	{'\0', "FETCHD_STATE", text_state},
	{'\0', "FETCHD_ERROR", text_error},
	{'\0', "FETCHD_OWNER", text_owner},
};

/* ---- arguments */

static char *specifier_text(const struct hook_task *task, char specifier)
{
	if (specifier == '%')
		return xstrdup("%");
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (words[i].specifier == specifier)
			return words[i].text(task);
	abort(); /* config_hook.c lets no other pass */
}

/* Caller frees. */
static char *expand(const struct hook_task *task, const char *text)
{
	char *whole = xstrdup("");

	while (*text) {
		size_t n = strcspn(text, "%");
		CLEANUP_FREE char *before = whole;
		CLEANUP_FREE char *value = text[n] ? specifier_text(task, text[n + 1]) : NULL;

		whole = xasprintf("%s%.*s%s", before, (int)n, text, value ? value : "");
		text += text[n] ? n + 2 : n;
	}
	return whole;
}

static char **make_argv(const struct hook_task *task)
{
	char *const *command = task->hook->command;
	size_t n = 0;

	while (command[n])
		n++;
	char **argv = xcalloc(n + 1, sizeof(*argv));
	argv[0] = xstrdup(command[0]);
	for (size_t i = 1; i < n; i++)
		argv[i] = expand(task, command[i]);
	return argv;
}

/* ---- environment */

void prepare_setenv(char ***env, const char *name, const char *value)
{
	size_t n = 0, len = strlen(name);

	while (*env && (*env)[n] && !(!strncmp((*env)[n], name, len) && (*env)[n][len] == '='))
		n++;
	if (!*env || !(*env)[n]) {
		*env = xreallocarray(*env, n + 2, sizeof(**env));
		(*env)[n] = (*env)[n + 1] = NULL;
	}
	free((*env)[n]);
	(*env)[n] = xasprintf("%s=%s", name, value);
}

/* From the daemon's own environment; what a session needs only for its user. Nothing of the service
 * manager's: no notify socket, descriptors or credentials. */
static const char *const passed[] = {"LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LC_COLLATE",
	"LC_TIME", "LC_NUMERIC", "TZ", "TMPDIR", "PATH", "HOME", "USER", "LOGNAME", "SHELL"};
static const char *const session[] = {"XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
	"XDG_STATE_HOME", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"};

static void pass_on(char ***env, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (getenv(names[i]))
			prepare_setenv(env, names[i], getenv(names[i]));
}

static void set_user(char ***env)
{
	const struct passwd *pw = getpwuid(geteuid());

	prepare_setenv(env, "PATH", "/usr/local/bin:/usr/bin:/bin");
	if (!pw)
		return;
	prepare_setenv(env, "HOME", pw->pw_dir);
	prepare_setenv(env, "USER", pw->pw_name);
	prepare_setenv(env, "LOGNAME", pw->pw_name);
	prepare_setenv(env, "SHELL", *pw->pw_shell ? pw->pw_shell : "/bin/sh");
}

void prepare_base_init(struct prepare_base *base, enum config_mode mode)
{
	*base = (struct prepare_base){.mode = mode};
	set_user(&base->env);
	pass_on(&base->env, passed, ARRAY_LEN(passed));
	if (mode == CONFIG_USER)
		pass_on(&base->env, session, ARRAY_LEN(session));
}

void prepare_base_done(struct prepare_base *base)
{
	for (size_t i = 0; base->env && base->env[i]; i++)
		free(base->env[i]);
	free(base->env);
}

/* What the hook's section and its task say. */
static void set_own(char ***env, const struct hook_task *task)
{
	for (char **line = task->hook->environment; line && *line; line++) {
		const char *equals = strchr(*line, '=');
		CLEANUP_FREE char *name = xstrndup(*line, (size_t)(equals - *line));
		prepare_setenv(env, name, equals + 1);
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		CLEANUP_FREE char *text = words[i].text(task);
		prepare_setenv(env, words[i].variable, text ? text : "");
	}
}

char **prepare_copy_env(char *const *env)
{
	size_t n = 0;

	while (env && env[n])
		n++;
	char **copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(env[i]);
	return copy;
}

/* ---- standard input */

static char *input_text(const struct hook_task *task, size_t *ret_n)
{
	json_t *object = task->job ? wire_job_to_json(task->job, -1, -1) : wire_group_to_json(task->group);
	char *text = wire_format(object, ret_n);

	json_decref(object);
	text[*ret_n - 1] = '\n';
	return text;
}

/* A memory file, whole and sealed: nobody waits for a hook that does not read. A descriptor, or -errno. */
static int open_input(const struct hook_task *task)
{
	size_t n;
	CLEANUP_FREE char *text = input_text(task, &n);
	int fd = memfd_create("fetchd-hook", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create("fetchd-hook", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int err = fileio_pwrite_all(fd, text, n, 0);
	if (!err && fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) < 0)
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/* ---- the whole */

static void set_directory(struct launch *launch, const struct hook_task *task)
{
	const char *wanted = task->hook->working_directory;

	launch->may_lack = !wanted;
	launch->directory = wanted ? expand(task, wanted) : text_dir(task);
	if (!launch->directory || !*launch->directory)
		str_set(&launch->directory, "/");
}

/* In whole seconds, at least so many. */
static int64_t seconds(int64_t usec)
{
	return usec == USEC_INFINITY ? 0 : (usec + USEC_PER_SEC - 1) / USEC_PER_SEC;
}

static int fill(struct launch *launch, const struct prepare_base *base, const struct hook_task *task,
	char **ret_error)
{
	char **own = NULL;
	int err = 0;

	launch->argv = make_argv(task);
	launch->envp = prepare_copy_env(base->env);
	set_directory(launch, task);
	launch->nice = task->hook->nice;
	launch->memory_max = task->hook->memory_max;
	launch->cpu_sec = seconds(task->hook->cpu_time_usec);
	set_own(&own, task);
	if (task->hook->isolation == HOOK_ISOLATION_UNIT)
		err = unit_wrap(launch, base, task, own, ret_error);
	else
		set_own(&launch->envp, task);
	for (size_t i = 0; own[i]; i++)
		free(own[i]);
	free(own);
	return err;
}

struct launch *prepare_launch(
	const struct prepare_base *base, const struct hook_task *task, int out_fd, char **ret_error)
{
	struct launch *launch = launch_new();

	launch->out_fd = out_fd;
	launch->in_fd = open_input(task);
	if (launch->in_fd < 0)
		*ret_error = xasprintf("its standard input cannot be made: %s", strerror(-launch->in_fd));
	else if (fill(launch, base, task, ret_error) == 0)
		return launch;
	launch_free(launch);
	return NULL;
}

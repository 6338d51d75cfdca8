/* Hook: words of rows, and lists of names. Owns nothing; any thread. */
#include "config.h"

#include "job/hook.h"

#include <string.h>

#include "base/alloc.h"

void job_hook_init(struct job_hook *hook)
{
	*hook = (struct job_hook){
		.on = JOB_HOOK_ON_DONE,
		.state = JOB_HOOK_PENDING,
		.run_usec = -1,
		.cpu_usec = -1,
		.peak_bytes = -1,
	};
}

void job_hook_done(struct job_hook *hook)
{
	str_set(&hook->name, NULL);
	str_set(&hook->error, NULL);
	str_set(&hook->output, NULL);
}

void job_hooks_free(struct job_hook *hooks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		job_hook_done(&hooks[i]);
	free(hooks);
}

/* ---- words */

const char *job_hook_state_name(enum job_hook_state state)
{
	switch (state) {
	case JOB_HOOK_NONE: return "none";
	case JOB_HOOK_PENDING: return "pending";
	case JOB_HOOK_RUNNING: return "running";
	case JOB_HOOK_OK: return "ok";
	case JOB_HOOK_FAILED: return "failed";
	}
	return "?";
}

int job_hook_state_parse(const char *word)
{
	for (int state = JOB_HOOK_NONE; state <= JOB_HOOK_STATE_LAST; state++)
		if (strcmp(word, job_hook_state_name((enum job_hook_state)state)) == 0)
			return state;
	return -1;
}

const char *job_hook_on_name(enum job_hook_on on)
{
	switch (on) {
	case JOB_HOOK_ON_DONE: return "done";
	case JOB_HOOK_ON_FAILED: return "failed";
	case JOB_HOOK_ON_GROUP_DONE: return "group_done";
	}
	return "?";
}

int job_hook_on_parse(const char *word)
{
	for (int on = JOB_HOOK_ON_DONE; on <= JOB_HOOK_ON_GROUP_DONE; on *= 2)
		if (strcmp(word, job_hook_on_name((enum job_hook_on)on)) == 0)
			return on;
	return -1;
}

const char *job_hook_end_name(enum job_hook_end end)
{
	switch (end) {
	case JOB_HOOK_END_NONE: return "";
	case JOB_HOOK_END_EXITED: return "exited";
	case JOB_HOOK_END_SIGNALED: return "signaled";
	case JOB_HOOK_END_TIMEOUT: return "timeout";
	case JOB_HOOK_END_NOT_RUN: return "not_run";
	}
	return "?";
}

int job_hook_end_parse(const char *word)
{
	for (int end = JOB_HOOK_END_EXITED; end <= JOB_HOOK_END_NOT_RUN; end++)
		if (strcmp(word, job_hook_end_name((enum job_hook_end)end)) == 0)
			return end;
	return -1;
}

char *job_hook_end_phrase(const struct job_hook *hook)
{
	switch (hook->end) {
	case JOB_HOOK_END_NONE: break;
	case JOB_HOOK_END_EXITED: return xasprintf("exit status %d", hook->status);
	case JOB_HOOK_END_SIGNALED: return xasprintf("signal %d", hook->status);
	case JOB_HOOK_END_TIMEOUT: return xstrdup("timed out");
	case JOB_HOOK_END_NOT_RUN: return xstrdup("not started");
	}
	return xstrdup("");
}

/* ---- names */

bool job_hook_next_name(const char **at, const char **ret_name, size_t *ret_n)
{
	if (!*at || !**at)
		return false;
	*ret_name = *at;
	*ret_n = strcspn(*at, ",");
	*at += *ret_n + ((*at)[*ret_n] == ',');
	return true;
}

bool job_hook_names_have(const char *names, const char *name)
{
	const char *one;
	size_t n, len = strlen(name);

	while (job_hook_next_name(&names, &one, &n))
		if (n == len && memcmp(one, name, n) == 0)
			return true;
	return false;
}

void job_hook_names_add(char **names, const char *name)
{
	char *longer;

	if (job_hook_names_have(*names, name))
		return;
	longer = xasprintf("%s%s%s", *names ? *names : "", *names && **names ? "," : "", name);
	free(*names);
	*names = longer;
}

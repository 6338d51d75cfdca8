/* Completion: where on the line we are, by the tables of commands and options; and what the daemon has. */
#include "config.h"

#include "fetchctl/complete.h"

#include <jansson.h>
#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "fetchctl/cmd.h"
#include "fetchctl/call.h"
#include "fetchctl/link.h"
#include "fetchctl/out.h"
#include "fetchctl/place.h"
#include "job/job.h"
#include "job/limit.h"

/* A person waits for the answer. */
#define ASK_USEC   (500 * USEC_PER_MSEC)
#define JOBS_SHOWN 200

struct completion {
	struct ctl *ctl;
	const char *typed;  /* of the word itself */
	const char *before; /* what stands in front of each candidate: "--host=" */
};

static void offer(const struct completion *c, const char *candidate, const char *what)
{
	CLEANUP_FREE char *safe = text_escape(candidate), *safe_what = text_escape(what ? what : "");

	/* One that would not come back as it is is none. */
	if (!text_starts(candidate, c->typed) || strcmp(safe, candidate) != 0)
		return;
	CLEANUP_FREE char *line =
		xasprintf("%s%s%s%s\n", c->before, candidate, *safe_what ? "\t" : "", safe_what);

	out_text(c->ctl->out, line);
}

static void offer_all(const struct completion *c, const char *const *words)
{
	for (; *words; words++)
		offer(c, *words, NULL);
}

/* ---- what the daemon has ------------------------------------------------------------------------- */

/* The reply's parameters, or NULL. Takes params. New reference. */
static json_t *ask(struct ctl *ctl, const char *method, json_t *params)
{
	json_t *reply = NULL, *parameters = NULL;
	int error;

	if (!ctl->link)
		ctl->link = link_open(ctl->place->socket, &error);
	if (!ctl->link) {
		json_decref(params);
		return NULL;
	}
	if (link_send_call(ctl->link, method, params, false) &&
		link_next(ctl->link, clock_boot_usec() + ASK_USEC, NULL, &reply) == LINK_REPLY)
		parameters = json_incref(json_object_get(reply, "parameters"));
	json_decref(reply);
	return parameters;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* states: bits; those for which the verb means something. */
static void offer_jobs(const struct completion *c, unsigned states)
{
	json_t *names = json_array(), *reply;
	size_t i;
	json_t *job;

	for (int s = JOB_STATE_FIRST; s <= JOB_STATE_LAST; s++)
		if (states & (1u << s))
			json_array_append_new(names, json_string(job_state_name((enum job_state)s)));
	reply = ask(c->ctl, "List",
		json_pack("{s:{s:o}, s:b, s:b, s:i}", "selection", "states", names, "all_users", 1, "reverse",
			1, "limit", JOBS_SHOWN));
	json_array_foreach(json_object_get(reply, "jobs"), i, job)
	{
		const char *name = text_of(job, "name");
		CLEANUP_FREE char *id =
			xasprintf("%lld", (long long)json_integer_value(json_object_get(job, "id")));
		CLEANUP_FREE char *what =
			xasprintf("%s: %s", text_of(job, "state"), *name ? name : text_of(job, "url"));

		offer(c, id, what);
	}
	json_decref(reply);
}

/* member: of the reply's array, which names each. */
static void offer_named(const struct completion *c, const char *method, const char *array, const char *member)
{
	json_t *reply = ask(c->ctl, method, NULL), *one;
	size_t i;

	json_array_foreach(json_object_get(reply, array), i, one) offer(c, text_of(one, member), NULL);
	json_decref(reply);
}

/* Hooks of the daemon's configuration. */
static void offer_hooks(const struct completion *c)
{
	json_t *reply = ask(c->ctl, "Status", NULL), *name;
	size_t i;

	json_array_foreach(json_object_get(reply, "hooks"), i, name) offer(c, json_string_value(name), NULL);
	offer(c, "none", "not even the default");
	json_decref(reply);
}

/* ---- arguments ----------------------------------------------------------------------------------- */

static void offer_states(const struct completion *c)
{
	const char *comma = strrchr(c->typed, ',');
	CLEANUP_FREE char *first = comma ? xstrndup(c->typed, (size_t)(comma + 1 - c->typed)) : xstrdup("");
	CLEANUP_FREE char *before = xasprintf("%s%s", c->before, first);
	const struct completion rest = {c->ctl, comma ? comma + 1 : c->typed, before};

	for (int s = JOB_STATE_FIRST; s <= JOB_STATE_LAST; s++)
		offer(&rest, job_state_name((enum job_state)s), NULL);
}

static void offer_argument(const struct completion *c, enum opt_id id)
{
	static const char *const colors[] = {"auto", "always", "never", NULL};
	static const char *const policies[] = {"collect", "fail-fast", NULL};
	static const char *const conflicts[] = {"fail", "rename", "overwrite", "skip", NULL};
	static const char *const hook_states[] = {"pending", "running", "ok", "failed", NULL};
	static const char *const resumes[] = {"auto", "strict", NULL};

	/* Every other option is one of text that only its user knows. */
	if (id == OPT_GROUP || id == OPT_SELECT_GROUP || id == OPT_OF_GROUP)
		offer_named(c, "GroupList", "groups", "name");
	else if (id == OPT_HOST || id == OPT_OF_HOST)
		offer_named(c, "Hosts", "hosts", "host");
	else if (id == OPT_STATE)
		offer_states(c);
	else if (id == OPT_HOOK || id == OPT_GROUP_HOOK)
		offer_hooks(c);
	else if (id == OPT_HOOK_STATE)
		offer_all(c, hook_states);
	else if (id == OPT_COLOR)
		offer_all(c, colors);
	else if (id == OPT_POLICY)
		offer_all(c, policies);
	else if (id == OPT_ON_CONFLICT)
		offer_all(c, conflicts);
	else if (id == OPT_RESUME)
		offer_all(c, resumes);
	else if (id == OPT_AFTER || id == OPT_AFTER_ANY)
		offer_jobs(c, ~0u);
	else if (id == OPT_DIR)
		out_text(c->ctl->out, "<directories>\n");
	else if (id == OPT_SOCKET || id == OPT_INPUT_FILE || id == OPT_NETRC_FILE || id == OPT_CACERT ||
		 id == OPT_CERT || id == OPT_CERT_KEY || id == OPT_COOKIE || id == OPT_TIME_COND ||
		 id == OPT_OUTPUT || id == OPT_METRICS_FILE)
		out_text(c->ctl->out, "<files>\n");
}

#define OPEN_STATES (1u << JOB_QUEUED | 1u << JOB_WAITING | 1u << JOB_ACTIVE | 1u << JOB_PAUSED)

/* What the words of a verb are: jobs in these states. */
static const struct {
	const struct cmd *cmd;
	unsigned states;
} job_verbs[] = {
	{&cmd_status, ~0u},
	{&cmd_why, ~(1u << JOB_DONE)},
	{&cmd_wait, OPEN_STATES},
	{&cmd_watch, OPEN_STATES},
	{&cmd_pause, 1u << JOB_QUEUED | 1u << JOB_WAITING | 1u << JOB_ACTIVE},
	{&cmd_resume, 1u << JOB_PAUSED},
	{&cmd_cancel, OPEN_STATES},
	{&cmd_retry, 1u << JOB_FAILED | 1u << JOB_CANCELLED | 1u << JOB_WAITING},
	{&cmd_remove, ~0u},
	{&cmd_edit, OPEN_STATES},
	{&cmd_verify, 1u << JOB_DONE},
};

static void offer_verbs(const struct completion *c)
{
	for (size_t i = 0; cmd_table[i]; i++)
		if (cmd_table[i]->summary)
			offer(c, cmd_table[i]->name, cmd_table[i]->summary);
}

/* n: words that the verb has already. */
static void offer_words(const struct completion *c, const struct cmd *cmd, size_t n)
{
	static const char *const group_verbs[] = {"list", "show", "create", "remove", NULL};

	for (size_t i = 0; i < ARRAY_LEN(job_verbs); i++)
		if (job_verbs[i].cmd == cmd)
			offer_jobs(c, job_verbs[i].states);
	if (cmd == &cmd_help && n == 0)
		offer_verbs(c);
	else if (cmd == &cmd_group && n == 0)
		offer_all(c, group_verbs);
	else if (cmd == &cmd_group)
		offer_named(c, "GroupList", "groups", "name");
	else if (cmd == &cmd_limit && n == 0)
		for (int i = 0; i < LIMITS_N; i++)
			offer(c, limit_info((enum limit)i)->name, NULL);
	else if (cmd == &cmd_backup)
		out_text(c->ctl->out, "<files>\n");
}

/* ---- where we are -------------------------------------------------------------------------------- */

static void offer_options(const struct completion *c, const enum opt_id *ids)
{
	for (; ids && *ids != OPT_END; ids++) {
		const struct opt *opt = &opt_table[*ids];
		CLEANUP_FREE char *name = xasprintf("--%s%s", opt->name, opt->arg ? "=" : "");

		offer(c, name, opt->help);
	}
}

/* OPT_END: none of these. len: of the name in word. */
static enum opt_id find_long(const enum opt_id *ids, const char *name, size_t len)
{
	for (; ids && *ids != OPT_END; ids++)
		if (strlen(opt_table[*ids].name) == len && strncmp(opt_table[*ids].name, name, len) == 0)
			return *ids;
	return OPT_END;
}

static enum opt_id find_letter(const enum opt_id *ids, char letter)
{
	for (; ids && *ids != OPT_END; ids++)
		if (opt_table[*ids].letter == letter)
			return *ids;
	return OPT_END;
}

/* The option that word is; a verb's own hides the program's. */
static enum opt_id find_option(const struct cmd *cmd, const char *word)
{
	const enum opt_id *own = cmd ? cmd->options : NULL;
	enum opt_id id;

	if (word[0] != '-' || !word[1] || strcmp(word, "--") == 0)
		return OPT_END;
	if (word[1] == '-') {
		size_t len = strcspn(word + 2, "=");

		id = find_long(own, word + 2, len);
		return id != OPT_END ? id : find_long(opt_global, word + 2, len);
	}
	id = find_letter(own, word[1]);
	return id != OPT_END ? id : find_letter(opt_global, word[1]);
}

/* Whether the word behind this one is its argument. */
static bool wants_more(enum opt_id id, const char *word)
{
	return id != OPT_END && opt_table[id].arg && (word[1] == '-' ? !strchr(word, '=') : !word[2]);
}

/* Which daemon the line means. */
static void take_place(struct settings *settings, enum opt_id id, const char *argument)
{
	settings->user |= id == OPT_USER;
	settings->system |= id == OPT_SYSTEM;
	if (id == OPT_SOCKET)
		settings->socket = argument;
}

static void choose_place(struct ctl *ctl)
{
	struct place place;

	if (place_choose(&place, &ctl->settings) != 0)
		return;
	place_done(ctl->place);
	*ctl->place = place;
}

void complete_words(struct ctl *ctl, char *const *words, size_t n)
{
	const char *last = n > 0 ? words[n - 1] : "", *equals = strchr(last, '=');
	struct completion c = {ctl, last, ""};
	const struct cmd *cmd = NULL;
	enum opt_id pending = OPT_END;
	size_t n_words = 0;
	bool only_words = false;

	for (size_t i = 0; i + 1 < n; i++) {
		enum opt_id id = only_words || pending != OPT_END ? OPT_END : find_option(cmd, words[i]);

		if (pending == OPT_SOCKET)
			take_place(&ctl->settings, pending, words[i]);
		else if (pending == OPT_END && strcmp(words[i], "--") == 0)
			only_words = true;
		else if (pending == OPT_END && words[i][0] != '-') {
			n_words += cmd != NULL;
			cmd = cmd ? cmd : cmd_find(words[i]);
			if (!cmd)
				return;
		}
		if (id != OPT_END)
			take_place(
				&ctl->settings, id, strchr(words[i], '=') ? strchr(words[i], '=') + 1 : NULL);
		pending = wants_more(id, words[i]) ? id : OPT_END;
	}
	choose_place(ctl);
	if (pending != OPT_END) {
		offer_argument(&c, pending);
	} else if (last[0] == '-' && last[1] == '-' && equals && !only_words) {
		CLEANUP_FREE char *before = xstrndup(last, (size_t)(equals + 1 - last));

		c.before = before;
		c.typed = equals + 1;
		offer_argument(&c, find_option(cmd, last));
	} else if (last[0] == '-' && !only_words) {
		offer_options(&c, cmd ? cmd->options : NULL);
		offer_options(&c, opt_global);
	} else if (cmd) {
		offer_words(&c, cmd, n_words);
	} else {
		offer_verbs(&c);
	}
}

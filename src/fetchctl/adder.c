/* Adder: owns the text of the calls, which is made at once from each job, and the ids that come back.
 *
 * A list that fits one message is one call, and all or nothing by itself. A longer one is first sent whole
 * with "check", so that whatever the daemon would refuse is known before anything is added; and if it is for
 * one group, which is new, it is added as a whole, or taken back.
 */
#include "config.h"

#include "fetchctl/adder.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchctl/call.h"
#include "fetchctl/link.h"
#include "job/origin.h"
#include "wire/frame.h"
#include "wire/groupjson.h"
#include "wire/jobjson.h"

/* Below the protocol's limits, with room for the call around the jobs; and so few that the daemon, which
 * reads a message at once, answers others in between within milliseconds. */
#define BATCH_JOBS 250
/* Calls that are on their way at once: what the daemon works on together shares a commit. */
#define BATCH_CALLS 16
#define BATCH_BYTES ((size_t)900 << 10)

/* Some jobs as JSON, ready to be put into a call. */
struct batch {
	char *text; /* with CALL_HEAD in front, jobs separated by commas */
	size_t len;
	size_t cap;
	size_t n_jobs;
};

#define CALL_HEAD "{\"method\":\"" WIRE_INTERFACE ".Add\",\"parameters\":{\"jobs\":["

struct source {
	const char *name;
	size_t line;
};

struct adder {
	struct batch *batches;
	size_t n_batches;
	struct source *sources; /* one a job */
	size_t n_jobs;
	size_t cap_jobs;
	int64_t *ids;
	size_t n_ids, n_told;
	const char *policy; /* in the protocol's words, or NULL */
	char *group;	    /* of all jobs so far; NULL: of none, or of several */
	bool pending;	    /* what was added is taken back unless the last part comes */
};

struct adder *adder_new(void)
{
	return xcalloc(1, sizeof(struct adder));
}

void adder_set_policy(struct adder *adder, enum group_policy policy)
{
	adder->policy = wire_policy_name(policy);
}

/* What was sent holds secrets: it is overwritten. */
static void free_batches(struct adder *adder)
{
	for (size_t i = 0; i < adder->n_batches; i++) {
		explicit_bzero(adder->batches[i].text, adder->batches[i].cap);
		free(adder->batches[i].text);
	}
	free(adder->batches);
	adder->batches = NULL;
	adder->n_batches = 0;
}

void adder_free(struct adder *adder)
{
	if (!adder)
		return;
	free_batches(adder);
	free(adder->sources);
	free(adder->ids);
	free(adder->group);
	free(adder);
}

const int64_t *adder_ids(const struct adder *adder, size_t *ret_n)
{
	*ret_n = adder->n_ids;
	return adder->ids;
}

/* ---- gathering ----------------------------------------------------------------------------------- */

static struct batch *batch_new(struct adder *adder)
{
	struct batch *batch;

	adder->batches = xreallocarray(adder->batches, adder->n_batches + 1, sizeof(*adder->batches));
	batch = &adder->batches[adder->n_batches++];
	*batch = (struct batch){.cap = 4096};
	batch->text = xmalloc(batch->cap);
	batch->len = strlen(CALL_HEAD);
	memcpy(batch->text, CALL_HEAD, batch->len);
	return batch;
}

static void batch_reserve(struct batch *batch, size_t more)
{
	size_t old_cap = batch->cap;
	char *text;

	if (batch->len + more <= batch->cap)
		return;
	while (batch->len + more > batch->cap)
		batch->cap *= 2;
	text = xmalloc(batch->cap);
	memcpy(text, batch->text, batch->len);
	explicit_bzero(batch->text, old_cap);
	free(batch->text);
	batch->text = text;
}

/* The JSON of a job straight into the batch. Returns its length; 0 when it would make the batch too long. */
static size_t batch_write(struct batch *batch, const json_t *spec)
{
	size_t comma = batch->n_jobs > 0, at = batch->len + comma;
	size_t n = json_dumpb(spec, batch->text + at, batch->cap > at ? batch->cap - at : 0, JSON_COMPACT);

	if (n == 0)
		abort();
	if (at + n > BATCH_BYTES && batch->n_jobs > 0)
		return 0;
	if (at + n > batch->cap) {
		batch_reserve(batch, n + comma);
		json_dumpb(spec, batch->text + at, n, JSON_COMPACT);
	}
	if (comma)
		batch->text[batch->len] = ',';
	batch->len = at + n;
	batch->n_jobs++;
	return n;
}

static void remember_source(struct adder *adder, const char *name, size_t line)
{
	if (adder->n_jobs == adder->cap_jobs) {
		adder->cap_jobs = adder->cap_jobs ? adder->cap_jobs * 2 : 64;
		adder->sources = xreallocarray(adder->sources, adder->cap_jobs, sizeof(*adder->sources));
	}
	adder->sources[adder->n_jobs++] = (struct source){name, line};
}

void adder_put(struct adder *adder, const struct job *job, const char *source, size_t line)
{
	json_t *spec = wire_spec_to_json(job);
	struct batch *last = adder->n_batches > 0 ? &adder->batches[adder->n_batches - 1] : NULL;

	if (!last || last->n_jobs == BATCH_JOBS || batch_write(last, spec) == 0)
		batch_write(batch_new(adder), spec);
	json_decref(spec);
	if (adder->n_jobs == 0)
		adder->group = xstrdup_null(job->group);
	else if (adder->group && (!job->group || strcmp(adder->group, job->group) != 0))
		str_set(&adder->group, NULL);
	remember_source(adder, source, line);
}

/* ---- sending ------------------------------------------------------------------------------------- */

/* A list for one group is added as a whole where the daemon can do that: into a group that is new. */
static const char *part_of(const struct adder *adder, size_t i)
{
	if (adder->n_batches == 1 || !adder->group)
		return "";
	if (i == 0)
		return ",\"part\":\"first\"";
	return i + 1 == adder->n_batches ? ",\"part\":\"last\"" : ",\"part\":\"more\"";
}

static bool batch_send(const struct adder *adder, struct ctl *ctl, size_t i, bool check)
{
	const struct batch *batch = &adder->batches[i];
	CLEANUP_FREE char *policy =
		adder->policy ? xasprintf(",\"policy\":\"%s\"", adder->policy) : xstrdup("");
	CLEANUP_FREE char *tail = xasprintf("],\"total\":%zu%s%s}}", adder->n_jobs, policy,
		check ? ",\"check\":true" : part_of(adder, i));

	/* The NUL ends the message. */
	return link_send(ctl->link, batch->text, batch->len) && link_send(ctl->link, tail, strlen(tail) + 1);
}

static void take_ids(
	struct adder *adder, const json_t *reply, struct ctl *ctl, void (*tell)(struct ctl *, int64_t))
{
	const json_t *ids = json_object_get(reply_parameters(reply), "ids");

	for (size_t i = 0; i < json_array_size(ids) && adder->n_ids < adder->n_jobs; i++)
		adder->ids[adder->n_ids++] = json_integer_value(json_array_get(ids, i));
	adder->pending = json_is_true(json_object_get(reply_parameters(reply), "pending"));
	while (tell && !adder->pending && adder->n_told < adder->n_ids)
		tell(ctl, adder->ids[adder->n_told++]);
}

/* The sentence of an error reply, with the place of the job it is about. first: index of the batch's first
 * job. */
static int complain_reply(const struct adder *adder, const struct problem *problem, size_t first)
{
	const struct source *source;

	if (problem->index < 0 || first + (size_t)problem->index >= adder->n_jobs)
		return complain(problem->status, "%s", problem->message);
	source = &adder->sources[first + (size_t)problem->index];
	if (source->line > 0)
		return complain(problem->status, "%s:%zu: %s", source->name, source->line, problem->message);
	CLEANUP_FREE char *url = origin_redact(source->name);

	return complain(problem->status, "%s: %s", url, problem->message);
}

/* Reads the reply to the batch that begins with job first. quiet: what it refuses is not told. */
static int batch_receive(
	struct adder *adder, struct ctl *ctl, size_t first, bool quiet, void (*tell)(struct ctl *, int64_t))
{
	struct problem problem;
	json_t *reply = NULL;
	int status = ctl_receive(ctl, &reply);

	if (status != 0)
		return status;
	if (reply_problem(reply, &problem)) {
		status = quiet ? (int)problem.status : complain_reply(adder, &problem, first);
		problem_done(&problem);
	} else {
		take_ids(adder, reply, ctl, tell);
	}
	json_decref(reply);
	return status;
}

/* All batches, some on their way at once. What follows one that was refused is not sent; what is on its way
 * already may be added, and its ids are told. */
static int send_all(struct adder *adder, struct ctl *ctl, bool check, void (*tell)(struct ctl *, int64_t))
{
	size_t sent = 0, answered = 0, first = 0;
	int status = 0;

	while (answered < sent || (status == 0 && sent < adder->n_batches)) {
		if (status == 0 && sent < adder->n_batches && sent - answered < BATCH_CALLS) {
			if (!batch_send(adder, ctl, sent++, check))
				return ctl_lost(ctl);
			continue;
		}
		int result = batch_receive(adder, ctl, first, status != 0, tell);

		first += adder->batches[answered++].n_jobs;
		status = status != 0 ? status : result;
	}
	return status;
}

/* Only a single job can be that large: one with hundreds of kilobytes of headers. */
static int check_sizes(const struct adder *adder)
{
	for (size_t i = 0; i < adder->n_batches; i++)
		if (adder->batches[i].len + 128 > WIRE_MESSAGE_MAX)
			return complain(STATUS_USAGE, "a job with its headers, cookies and certificates must "
						      "fit into a message of 1 MiB");
	return 0;
}

int adder_send(struct adder *adder, struct ctl *ctl, void (*tell)(struct ctl *ctl, int64_t id))
{
	int status = check_sizes(adder);

	if (status == 0)
		status = ctl_link(ctl);
	adder->ids = xcalloc(adder->n_jobs + 1, sizeof(*adder->ids));
	if (status == 0 && adder->n_batches > 1)
		status = send_all(adder, ctl, true, NULL);
	if (status != 0)
		return status;
	adder->n_ids = 0;
	status = send_all(adder, ctl, false, tell);
	free_batches(adder);
	if (status != 0 && adder->pending) {
		hint("Nothing was added: the list would not have been whole.");
		adder->n_ids = 0;
	} else if (status != 0 && adder->n_ids > 0)
		hint("%zu of %zu jobs were added before that.", adder->n_ids, adder->n_jobs);
	return status;
}

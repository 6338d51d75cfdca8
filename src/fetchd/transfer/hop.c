/* Hop: one request of a transfer, into libcurl and out of it, and on to the next by a redirect. Runs in the
 * worker, never inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/transfer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job/classify.h"
#include "job/httpdate.h"
#include "job/origin.h"
#include "job/retry.h"

#define HOPS_MAX 10

void hop_start(struct transfer *t)
{
	t->phase = TRANSFER_RUN;
	if (request_setup(t) != 0) {
		transfer_settle(t);
		return;
	}
	t->judged = false;
	t->error[0] = '\0';
	response_done(&t->response);
	response_init(&t->response);
	t->sync_usec = t->last_byte_usec = clock_boot_usec();
	t->multi = worker_multi(t->worker, t->job->owner);
	if (multi_add(t->multi, t->easy) != 0) {
		t->multi = NULL;
		verdict_set(
			&t->verdict, VERDICT_TRANSIENT, "E_INTERNAL", "libcurl did not take the transfer");
		transfer_settle(t);
	}
}

/* Gives the easy handle back. After this no callback comes any more. */
void hop_leave(struct transfer *t)
{
	if (t->multi)
		multi_remove(t->multi, t->easy);
	t->multi = NULL;
	if (t->easy)
		worker_easy_put(t->worker, t->easy);
	t->easy = NULL;
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	if (t->pause)
		worker_unpaused(t->worker, t);
	t->pause = 0;
}

static bool redirect_allowed(struct transfer *t, const char *url)
{
	struct origin to, from;
	bool downgrade, allowed, foreign;

	if (origin_parse(url, &to) != ORIGIN_OK) {
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT",
			"the server redirects to something that is no URL");
		return false;
	}
	if (origin_parse(t->url, &from) != ORIGIN_OK)
		abort();
	allowed = origin_scheme_in(to.scheme, worker_config(t->worker)->protocols);
	downgrade = strcmp(from.scheme, "https") == 0 && strcmp(to.scheme, "https") != 0;
	foreign = strcmp(from.scheme, to.scheme) != 0 || strcmp(from.host, to.host) != 0 ||
		  from.port != to.port;
	if (!allowed || downgrade)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT_POLICY",
			"the server redirects from %s to %s", from.scheme, to.scheme);
	t->foreign = t->foreign || foreign;
	origin_done(&to);
	origin_done(&from);
	return allowed && !downgrade;
}

static void follow(struct transfer *t, char *location)
{
	if (!location)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT",
			"the server redirects without saying where to");
	else if (++t->hops > HOPS_MAX)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT", "more than %d redirects", HOPS_MAX);
	else if (redirect_allowed(t, location)) {
		free(t->url);
		t->url = location;
		hop_start(t);
		return;
	}
	free(location);
	transfer_settle(t);
}

static void blame_curl(struct transfer *t, CURLcode result)
{
	const char *detail = t->error[0] ? t->error : NULL;

	if (t->blocked)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_BLOCKED_ADDR",
			"the host has a private address, and PrivateAddresses=deny");
	else
		classify_curl(&t->verdict, (int)result, detail);
}

static bool body_whole(struct transfer *t)
{
	if (t->job->size < 0 || t->offset == t->job->size)
		return true;
	verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_TRUNCATED", "the body ended after %lld of %lld bytes",
		(long long)t->offset, (long long)t->job->size);
	return false;
}

static void note_times(struct transfer *t)
{
	int64_t modified;

	if (t->verdict.retry_after_usec < 0 && t->response.retry_after)
		t->verdict.retry_after_usec =
			retry_after_parse(t->response.retry_after, t->response.date, clock_wall_usec());
	if (t->response.last_modified && httpdate_parse(t->response.last_modified, &modified) == 0)
		t->mtime_sec = modified;
}

void transfer_curl_done(struct transfer *t, CURLcode result)
{
	char *location = NULL;

	t->multi = NULL;
	if (t->judged && t->answer == GATE_REDIRECT) {
		const char *url = NULL;

		/* However its body ended: it is not ours. */
		curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
		location = xstrdup_null(url);
		hop_leave(t);
		follow(t, location);
		return;
	}
	hop_leave(t);
	note_times(t);
	if (t->verdict.class == VERDICT_OK && result != CURLE_OK)
		blame_curl(t, result);
	else if (t->verdict.class == VERDICT_OK && !t->judged)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_RECV",
			"the server answered with something that is not HTTP");
	else if (t->verdict.class == VERDICT_OK && t->answer != GATE_COMPLETE)
		(void)body_whole(t);
	transfer_settle(t);
}

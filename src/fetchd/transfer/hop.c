/* Hop: one request of a transfer, into libcurl and out of it. Runs in the worker, never inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/split.h"
#include "fetchd/transfer/transfer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "job/classify.h"
#include "job/httpdate.h"
#include "job/origin.h"

/* An empty answer may be a server that is just starting. */
#define EMPTY_ATTEMPTS 4
#ifndef CURLE_TOO_LARGE
/* Of libcurl 8.6. */
#define CURLE_TOO_LARGE ((CURLcode)100)
#endif

void hop_start(struct transfer *t)
{
	t->phase = TRANSFER_RUN;
	if (request_setup(t) != 0) {
		transfer_settle(t);
		return;
	}
	t->judged = t->blocked = t->ends_with_tls = false;
	t->asked_until = t->until;
	t->challenges = 0;
	t->asked = true;
	t->tail_seen = 0;
	t->slow_since_usec = 0;
	t->error[0] = '\0';
	response_done(&t->response);
	response_init(&t->response);
	t->sync_usec = t->last_byte_usec = t->hop_usec = clock_boot_usec();
	t->retimed = false;
	t->multi = worker_multi(t->worker, t->job->owner);
	if (multi_add(t->multi, t->easy) != 0) {
		t->multi = NULL;
		verdict_set(
			&t->verdict, VERDICT_TRANSIENT, "E_INTERNAL", "libcurl did not take the transfer");
		transfer_settle(t);
	}
}

static int64_t time_of(CURL *easy, CURLINFO info)
{
	curl_off_t usec = 0;

	return curl_easy_getinfo(easy, info, &usec) == CURLE_OK && usec > 0 ? usec : -1;
}

static int version_of(CURL *easy)
{
	long version = 0;

	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	switch (version) {
	case CURL_HTTP_VERSION_1_0: return 10;
	case CURL_HTTP_VERSION_1_1: return 11;
	case CURL_HTTP_VERSION_2_0: return 20;
	case CURL_HTTP_VERSION_3: return 30;
	default: return 0;
	}
}

static void record_hop(struct transfer *t)
{
	struct attempt *record = t->record;
	char *ip = NULL;
	long port = 0;

	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_IP, &ip);
	curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
	free(record->address);
	record->address = !ip || !*ip	    ? NULL
			  : strchr(ip, ':') ? xasprintf("[%s]:%ld", ip, port)
					    : xasprintf("%s:%ld", ip, port);
	record->http_version = t->response.status ? version_of(t->easy) : 0;
	record->http_status = t->response.status;
	record->dns_usec = time_of(t->easy, CURLINFO_NAMELOOKUP_TIME_T);
	record->connect_usec = time_of(t->easy, CURLINFO_CONNECT_TIME_T);
	record->tls_usec = time_of(t->easy, CURLINFO_APPCONNECT_TIME_T);
	record->first_byte_usec = time_of(t->easy, CURLINFO_STARTTRANSFER_TIME_T);
	record->redirects = t->hops;
}

/* Stopped on its way. libcurl keeps a connection of HTTP/2, and may tell the server only with the next
 * request that it wants no more of this answer: so it is closed, unless others use it. */
static void leave_multi(struct transfer *t)
{
	if (!t->multi)
		return;
	curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
	multi_remove(t->multi, t->easy);
	t->multi = NULL;
}

/* Gives the easy handle back. After this no callback comes any more. */
void hop_leave(struct transfer *t)
{
	if (t->easy)
		record_hop(t);
	leave_multi(t);
	if (t->easy)
		worker_easy_put(t->worker, t->easy, t->job->secrets != NULL);
	t->easy = NULL;
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	if (t->pause)
		worker_unpaused(t->worker, t);
	t->pause = 0;
}

static bool uses_proxy(const struct transfer *t)
{
	const char *own = t->job->secrets ? t->job->secrets->proxy : NULL;

	return own ? *own != '\0' : worker_config(t->worker)->proxy != NULL;
}

/* What the proxy itself said to CONNECT; 0: nothing. */
static long proxy_status(const struct transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return status;
}

/* Why a SOCKS proxy failed, a CURLproxycode. */
static long proxy_error_of(const struct transfer *t)
{
	long error = 0;

	curl_easy_getinfo(t->easy, CURLINFO_PROXY_ERROR, &error);
	return error;
}

/* libcurl gives what is no HTTP the code of an unknown scheme, and a line over its own bound that of no
 * memory (7.88: 100 KiB; ours never fails to allocate, it aborts). */
static CURLcode true_code(const struct transfer *t, CURLcode result)
{
	if (result == CURLE_UNSUPPORTED_PROTOCOL && t->record->connect_usec >= 0)
		return CURLE_WEIRD_SERVER_REPLY;
	if (result == CURLE_OUT_OF_MEMORY && !t->judged && t->record->connect_usec >= 0)
		return CURLE_TOO_LARGE;
	return result;
}

/* A body that TLS cut off without saying goodbye may be anyone's work. */
static bool cut_by_tls(const struct transfer *t, CURLcode result)
{
	return t->judged && (result == CURLE_RECV_ERROR || result == CURLE_SSL_CONNECT_ERROR) &&
	       strstr(t->error, "unexpected eof") != NULL;
}

static void blame_curl(struct transfer *t, CURLcode result, long connect_status, long proxy_error)
{
	const char *detail = t->error[0] ? t->error : NULL;

	/* Not when another of its addresses was reached, and failed later. */
	if (t->blocked && result == CURLE_COULDNT_CONNECT)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_BLOCKED_ADDR",
			"the host has a private address, and PrivateAddresses=deny");
	else if (connect_status >= 300)
		classify_connect(&t->verdict, (int)connect_status);
	else if (result == CURLE_PROXY)
		classify_proxy(&t->verdict, (int)proxy_error, detail);
	else if (uses_proxy(t) && result == CURLE_COULDNT_CONNECT)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_PROXY", "cannot connect to the proxy");
	else if (cut_by_tls(t, result))
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_TRUNCATED",
			"the connection was cut off before its proper end");
	else
		classify_curl(&t->verdict, (int)true_code(t, result), detail);
}

/* Past the last byte that is to come; -1: unknown. */
static int64_t end_of(const struct transfer *t)
{
	return t->until < INT64_MAX ? t->until : t->job->size;
}

static void judge_end(struct transfer *t)
{
	if (!t->judged)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_RECV",
			"the server answered with something that is not HTTP");
	else if (t->answer != GATE_APPEND && t->answer != GATE_START)
		return;
	else if (t->tail_seen < t->tail_n)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_TRUNCATED",
			"the body ended within the bytes that are here already");
	else if (t->job->size >= 0 && t->offset != end_of(t))
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_TRUNCATED",
			"the body ended after %lld of %lld bytes", (long long)t->offset,
			(long long)end_of(t));
	else if (t->ends_with_tls && !t->tls_closed)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_TRUNCATED",
			"the connection was cut off without saying that this is the end");
	else if (t->job->size < 0 && t->offset == 0) {
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_EMPTY",
			"the server sent an empty body, and did not say that the file is empty");
		/* A body with a proper end is the server's last word. */
		t->verdict.most_attempts = t->response.has_transfer_encoding || t->record->http_version >= 20
						   ? 1
						   : EMPTY_ATTEMPTS;
	}
}

static void note_mtime(struct transfer *t)
{
	int64_t modified;

	if (t->response.last_modified && httpdate_parse(t->response.last_modified, &modified) == 0)
		t->mtime_sec = modified;
}

void transfer_curl_done(struct transfer *t, CURLcode result)
{
	long connect_status, proxy_error;

	t->multi = NULL;
	if (t->stale) {
		/* Nothing was sent. */
		t->stale = false;
		t->fresh = true;
		hop_leave(t);
		hop_start(t);
		return;
	}
	if (t->judged && t->answer == GATE_REDIRECT) {
		/* However its body ended: it is not ours. */
		redirect_follow(t);
		return;
	}
	connect_status = proxy_status(t);
	proxy_error = proxy_error_of(t);
	if (ftp_is(t->url))
		ftp_judge_end(t, result);
	else if (!t->judged && t->challenges > 0 && t->response.complete)
		body_judge(t); /* libcurl had no answer to the challenge */
	if (result != CURLE_OK && (t->verdict.class != VERDICT_OK || t->offset >= t->until ||
					  (t->judged && t->answer == GATE_UNCHANGED)))
		result = CURLE_OK; /* our own doing */
	hop_leave(t);
	note_mtime(t);
	if (t->verdict.class == VERDICT_OK && result != CURLE_OK)
		blame_curl(t, result, connect_status, proxy_error);
	else if (t->verdict.class == VERDICT_OK)
		judge_end(t);
	if (!split_own_ended(t))
		transfer_settle(t);
}

void hop_end(struct transfer *t, CURLcode result)
{
	leave_multi(t);
	transfer_curl_done(t, result);
}

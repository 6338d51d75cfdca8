/* Redirects: followed here and not by libcurl, so that every hop is judged by the same rules as the first
 * URL. Runs in the worker, never inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/split.h"
#include "fetchd/transfer/transfer.h"

#include <string.h>

#include "base/alloc.h"
#include "job/origin.h"

#define HOPS_MAX 10

static bool same_origin(const struct origin *a, const struct origin *b)
{
	return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 && a->port == b->port;
}

static bool redirect_allowed(struct transfer *t, const char *url)
{
	struct origin to, from;
	bool downgrade, allowed;

	if (origin_parse(url, &to) != ORIGIN_OK) {
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT",
			"the server redirects to something that is no URL");
		return false;
	}
	if (origin_parse(t->url, &from) != ORIGIN_OK)
		abort();
	allowed = origin_scheme_in(to.scheme, worker_config(t->worker)->protocols);
	downgrade = strcmp(from.scheme, "https") == 0 && strcmp(to.scheme, "https") != 0;
	if (!allowed || downgrade)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT_POLICY",
			"the server redirects from %s to %s", from.scheme, to.scheme);
	/* Once away, never back: what came through another site's hands gets no credentials. */
	t->foreign = t->foreign || !same_origin(&to, &from);
	origin_done(&to);
	origin_done(&from);
	return allowed && !downgrade;
}

/* Where location leads from base (RFC 3986, 5). A server's idea of user and password is nobody's; a fragment
 * is for browsers. NULL: nowhere. */
static char *resolve(const char *base, const char *location)
{
	const unsigned sloppy = CURLU_URLENCODE | CURLU_ALLOW_SPACE | CURLU_NON_SUPPORT_SCHEME;
	CURLU *parsed = curl_url();
	char *text = NULL, *bare = NULL;

	if (curl_url_set(parsed, CURLUPART_URL, base, 0) == CURLUE_OK &&
		curl_url_set(parsed, CURLUPART_URL, location, sloppy) == CURLUE_OK &&
		curl_url_set(parsed, CURLUPART_USER, NULL, 0) == CURLUE_OK &&
		curl_url_set(parsed, CURLUPART_PASSWORD, NULL, 0) == CURLUE_OK &&
		curl_url_set(parsed, CURLUPART_OPTIONS, NULL, 0) == CURLUE_OK &&
		curl_url_set(parsed, CURLUPART_FRAGMENT, NULL, 0) == CURLUE_OK &&
		curl_url_get(parsed, CURLUPART_URL, &text, 0) == CURLUE_OK)
		bare = xstrdup(text);
	curl_free(text);
	curl_url_cleanup(parsed);
	return bare;
}

/* Cookies that redirects set on the way, for the next request to the same origin. */
static void keep_cookies(struct transfer *t)
{
	struct curl_slist *list = NULL;

	if (!t->job->secrets || !t->job->secrets->cookie_jar ||
		curl_easy_getinfo(t->easy, CURLINFO_COOKIELIST, &list) != CURLE_OK)
		return;
	curl_slist_free_all(t->cookies);
	t->cookies = list;
}

void redirect_follow(struct transfer *t)
{
	const char *location = t->response.location;
	CLEANUP_FREE char *to = location && *location ? resolve(t->url, location) : NULL;

	keep_cookies(t);
	hop_leave(t);
	if (t->response.bad_location)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT",
			"the server redirects to two places at once");
	else if (!location || !*location)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT",
			"the server redirects without saying where to");
	else if (++t->hops > HOPS_MAX)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_REDIRECT", "more than %d redirects", HOPS_MAX);
	else if (redirect_allowed(t, to ? to : "")) {
		str_set(&t->url, to);
		t->fresh = false;
		hop_start(t);
		return;
	}
	if (!split_own_ended(t))
		transfer_settle(t);
}

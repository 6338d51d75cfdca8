/* Request: the easy handle's options for one hop. Runs in the worker. */
#include "config.h"

#include "fetchd/transfer/transfer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "fetchd/transfer/address.h"
#include "fetchd/transfer/sockets.h"
#include "fetchd/transfer/tls.h"
#include "job/httpdate.h"
#include "job/origin.h"

/* Pooled connections are closed after this long: an address policy or a DNS answer is not for ever. */
#define CONNECTION_SEC 600L

/* The least that libcurl takes for CURLOPT_BUFFERSIZE. */
#define BUFFER_MIN 1024

/* Few and fast transfers read in large pieces; many have small ones, so that 10,000 stay under 250 MiB. */
static long buffer_size(const struct transfer *t)
{
	size_t transfers = worker_length(t->worker);
	int64_t most = transfers <= 32 ? 256L * 1024 : transfers <= 512 ? 32L * 1024 : 8L * 1024;

	return (long)pace_chunk(t->whole ? &t->whole->limits : &t->limits, BUFFER_MIN, most);
}

static void add_header(struct transfer *t, const char *line)
{
	struct curl_slist *list = curl_slist_append(t->headers, line);

	if (!list)
		abort();
	t->headers = list;
}

static void add_condition(struct transfer *t)
{
	int64_t since = t->conditional ? t->have_modified_sec : t->job->options.if_newer_usec / USEC_PER_SEC;
	char date[HTTPDATE_MAX];

	if (t->offset > 0 || t->until < INT64_MAX || (!t->conditional && t->job->options.if_newer_usec < 0))
		return;
	if (t->conditional && t->have_etag) {
		CLEANUP_FREE char *none_match = xasprintf("If-None-Match: %s", t->have_etag);

		add_header(t, none_match);
	}
	if (since >= 0) {
		CLEANUP_FREE char *line = xasprintf("If-Modified-Since: %s", httpdate_format(date, since));

		add_header(t, line);
	}
}

static void add_range(struct transfer *t)
{
	char range[64];
	const char *validator = t->job->validator == JOB_VALIDATOR_ETAG	  ? t->job->etag
				: t->job->validator == JOB_VALIDATOR_DATE ? t->job->last_modified
									  : NULL;

	if (t->offset == 0 && t->until == INT64_MAX)
		return;
	snprintf(range, sizeof(range), "Range: bytes=%lld-", (long long)(t->offset - (int64_t)t->tail_n));
	if (t->until < INT64_MAX)
		snprintf(range + strlen(range), sizeof(range) - strlen(range), "%lld",
			(long long)(t->until - 1));
	add_header(t, range);
	if (validator) {
		CLEANUP_FREE char *if_range = xasprintf("If-Range: %s", validator);

		add_header(t, if_range);
	}
}

static void add_own_headers(struct transfer *t)
{
	add_header(t, "Accept-Encoding: identity");
	add_header(t, "Want-Repr-Digest: sha-256=10, sha-512=5");
	add_range(t);
	add_condition(t);
}

static void add_lines(struct transfer *t, const char *lines)
{
	CLEANUP_FREE char *copy = xstrdup_null(lines);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line)
			add_header(t, line);
	if (copy)
		explicit_bzero(copy, strlen(lines));
}

/* The job's own lines go to its own origin only. */
static void add_job_headers(struct transfer *t)
{
	if (t->foreign)
		return;
	add_lines(t, t->job->options.headers);
	if (t->job->secrets)
		add_lines(t, t->job->secrets->headers);
}

/* libcurl and fetchd must mean the same server by a URL: limits and policy were judged by ours. */
static bool parsers_agree(const char *url)
{
	struct origin origin;
	CURLU *parsed = curl_url();
	char *host = NULL, *port = NULL;
	bool agree = false;

	if (origin_parse(url, &origin) == ORIGIN_OK) {
		if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
			curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
			curl_url_get(parsed, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
			agree = strcasecmp(host, origin.host) == 0 && atoi(port) == origin.port;
		origin_done(&origin);
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parsed);
	return agree;
}

static long to_msec(int64_t usec)
{
	if (usec >= (int64_t)86400 * 365 * USEC_PER_SEC)
		return 0;
	return usec < USEC_PER_MSEC ? 1 : (long)(usec / USEC_PER_MSEC);
}

void request_set_times(struct transfer *t, const struct config *cfg)
{
	const struct job_options *o = &t->job->options;
	int64_t connect = o->connect_timeout_usec >= 0 ? o->connect_timeout_usec : cfg->connect_timeout_usec;
	int64_t most = o->max_time_usec >= 0 ? o->max_time_usec : cfg->max_time_usec;

	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, to_msec(connect));
	curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, 0L);
	if (most != USEC_INFINITY && most > 0) {
		/* The attempt's time, over all its hops. */
		int64_t left = most - (clock_boot_usec() - t->begun_usec);

		curl_easy_setopt(t->easy, CURLOPT_TIMEOUT_MS, to_msec(left > 0 ? left : 1));
	}
}

/* ---- who we are to the server and to the proxy */

/* Credentials are meant for the job's own origin. */
static const struct job_secrets *secrets_of(const struct transfer *t)
{
	return t->foreign ? NULL : t->job->secrets;
}

static void set_credentials(struct transfer *t, const struct job_secrets *secrets)
{
	static const unsigned long kinds[] = {
		[JOB_AUTH_BASIC] = CURLAUTH_BASIC,
		[JOB_AUTH_DIGEST] = CURLAUTH_DIGEST,
		[JOB_AUTH_ANY] = CURLAUTH_BASIC | CURLAUTH_DIGEST,
	};

	if (secrets->user) {
		curl_easy_setopt(t->easy, CURLOPT_USERNAME, secrets->user);
		curl_easy_setopt(t->easy, CURLOPT_PASSWORD, secrets->password ? secrets->password : "");
		curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, kinds[t->job->options.auth]);
	} else if (secrets->bearer) {
		curl_easy_setopt(t->easy, CURLOPT_XOAUTH2_BEARER, secrets->bearer);
		curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
	}
	/* A connection that was made with credentials serves nobody else: libcurl's pool has mixed them up
	 * before (CVE-2022-27782, CVE-2023-27535). */
	if (secrets->user || secrets->bearer || secrets->cert_pem) {
		curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(t->easy, CURLOPT_FORBID_REUSE, 1L);
	}
}

static void load_jar(struct transfer *t, const char *jar)
{
	CLEANUP_FREE char *copy = xstrdup(jar);
	char *rest = copy, *line;

	while ((line = strsep(&rest, "\n")))
		if (*line && (*line != '#' || text_starts(line, "#HttpOnly_")))
			curl_easy_setopt(t->easy, CURLOPT_COOKIELIST, line);
	explicit_bzero(copy, strlen(jar));
}

static void set_cookies(struct transfer *t, const struct job_secrets *secrets)
{
	if (secrets->cookies)
		curl_easy_setopt(t->easy, CURLOPT_COOKIE, secrets->cookies);
	if (!secrets->cookie_jar)
		return;
	curl_easy_setopt(t->easy, CURLOPT_COOKIEFILE, "");
	if (!t->cookies)
		load_jar(t, secrets->cookie_jar);
	for (const struct curl_slist *c = t->cookies; c; c = c->next)
		curl_easy_setopt(t->easy, CURLOPT_COOKIELIST, c->data);
}

static void set_blob(struct transfer *t, CURLoption option, const char *pem)
{
	struct curl_blob blob = {.data = (void *)(uintptr_t)pem, .len = strlen(pem)};

	/* The job outlives the handle's use of it. */
	blob.flags = CURL_BLOB_NOCOPY;
	curl_easy_setopt(t->easy, option, &blob);
}

static void set_tls(struct transfer *t, const struct config *cfg)
{
	const struct job_secrets *material = t->job->secrets;

	curl_easy_setopt(t->easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(t->easy, CURLOPT_SSL_CTX_FUNCTION, tls_context_cb);
	/* What is to be trusted instead of the system's is that and no more: there is a directory of them
	 * too. */
	if (cfg->ca_file || (material && material->ca_pem))
		curl_easy_setopt(t->easy, CURLOPT_CAPATH, NULL);
	if (cfg->ca_file)
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, cfg->ca_file);
	if (material && material->ca_pem)
		set_blob(t, CURLOPT_CAINFO_BLOB, material->ca_pem);
	if (t->job->options.insecure) {
		curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (!secrets_of(t) || !material->cert_pem)
		return;
	set_blob(t, CURLOPT_SSLCERT_BLOB, material->cert_pem);
	set_blob(t, CURLOPT_SSLKEY_BLOB, material->key_pem ? material->key_pem : material->cert_pem);
}

/* The proxy in force, or NULL. The job's own word wins, also when it says none. */
static const char *proxy_of(const struct transfer *t, const struct config *cfg)
{
	const char *own = t->job->secrets ? t->job->secrets->proxy : NULL;
	const char *proxy = own ? own : cfg->proxy;

	return proxy && *proxy ? proxy : NULL;
}

static curl_socket_t open_socket_cb(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;
	const struct config *cfg = worker_config(t->worker);

	(void)purpose;
	/* A proxy's address is the administrator's choice; the policy is about what jobs lead to. */
	if (cfg->private_addresses == CONFIG_ADDRESSES_DENY && address_is_private(&address->addr) &&
		(!cfg->proxy || proxy_of(t, cfg) != cfg->proxy)) {
		t->blocked = true;
		return CURL_SOCKET_BAD;
	}
	return sockets_open(worker_sockets(t->worker), address);
}

static void set_proxy(struct transfer *t, const struct config *cfg)
{
	const char *proxy = proxy_of(t, cfg);

	/* Empty strings keep the environment's proxies, and its exceptions, out: never directly when a proxy
	 * is asked for. */
	curl_easy_setopt(t->easy, CURLOPT_PROXY, proxy ? proxy : "");
	curl_easy_setopt(t->easy, CURLOPT_NOPROXY, "");
	curl_easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (cfg->ca_file) {
		curl_easy_setopt(t->easy, CURLOPT_PROXY_CAPATH, NULL);
		curl_easy_setopt(t->easy, CURLOPT_PROXY_CAINFO, cfg->ca_file);
	}
}

/* Behind a proxy no address is seen here: what the URL itself says must do. */
static bool hides_private(struct transfer *t, const struct config *cfg)
{
	struct origin origin;
	bool private;

	if (!proxy_of(t, cfg) || cfg->private_addresses != CONFIG_ADDRESSES_DENY ||
		origin_parse(t->url, &origin) != ORIGIN_OK)
		return false;
	private = address_text_is_private(origin.host);
	origin_done(&origin);
	if (private)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_BLOCKED_ADDR",
			"the host has a private address, and PrivateAddresses=deny");
	return private;
}

/* ---- how we talk */

/* After an answer that made no sense, another connection may lead to a saner server. */
static bool wants_fresh(const struct job *job)
{
	static const char *const codes[] = {"E_CHECKSUM", "E_DIGEST", "E_RANGE", "E_OVERRUN", "E_HEADERS",
		"E_HTTP_421", "E_HTTP2", "E_EMPTY"};

	for (size_t i = 0; job->error_code && i < ARRAY_LEN(codes); i++)
		if (strcmp(job->error_code, codes[i]) == 0)
			return true;
	return false;
}

static void set_protocol(struct transfer *t, const struct config *cfg)
{
	const struct job_options *o = &t->job->options;
	/* A stream that is paused comes in all the same while another one of its connection is read: libcurl
	 * keeps up to 64 MiB of each, and what is behind it on the wire waits. On a connection of its own the
	 * server does. */
	bool http1 = t->http1 || transfer_limited(t);

	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, cfg->protocols);
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION,
		http1 ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
	/* A second transfer to a host waits until the first one's handshake tells whether its connection can
	 * carry both. Without TLS nothing tells before an answer is there. */
	if (!http1 && strncmp(t->url, "https:", 6) == 0)
		curl_easy_setopt(t->easy, CURLOPT_PIPEWAIT, 1L);
	if (t->fresh || wants_fresh(t->job))
		curl_easy_setopt(t->easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_MAXLIFETIME_CONN, CONNECTION_SEC);
	curl_easy_setopt(
		t->easy, CURLOPT_USERAGENT, o->user_agent && !t->foreign ? o->user_agent : cfg->user_agent);
	if (o->referer && !t->foreign)
		curl_easy_setopt(t->easy, CURLOPT_REFERER, o->referer);
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
	if (ftp_is(t->url))
		ftp_setup(t);
}

/* A connection that is used again must be silent: what waits there is more of the last answer than was
 * announced, and libcurl (7.88) would take it for the answer to this request. HTTP/2 alone speaks unasked. */
static int ready_cb(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct transfer *t = arg;
	bool silent = sockets_silent(worker_sockets(t->worker), ip, local_ip, port, local_port);
	long made = 1;

	if (curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &made) != CURLE_OK || made > 0 ||
		tls_is_http2(t->easy))
		return CURL_PREREQFUNC_OK;
	t->stale = !silent || tls_unread(t->easy);
	return t->stale ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

static void set_callbacks(struct transfer *t)
{
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETFUNCTION, open_socket_cb);
	curl_easy_setopt(t->easy, CURLOPT_OPENSOCKETDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETFUNCTION, sockets_close_cb);
	curl_easy_setopt(t->easy, CURLOPT_CLOSESOCKETDATA, worker_sockets(t->worker));
	if (!ftp_is(t->url)) {
		curl_easy_setopt(t->easy, CURLOPT_PREREQFUNCTION, ready_cb);
		curl_easy_setopt(t->easy, CURLOPT_PREREQDATA, t);
	}
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->error);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, body_header_cb);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, body_write_cb);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
}

int request_setup(struct transfer *t)
{
	const struct config *cfg = worker_config(t->worker);
	const char *no_file = ftp_refusal(t->url);

	if (!parsers_agree(t->url)) {
		verdict_set(
			&t->verdict, VERDICT_PERMANENT, "E_BAD_URL", "the URL can be understood in two ways");
		return -EINVAL;
	}
	if (no_file) {
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_BAD_URL", "%s", no_file);
		return -EINVAL;
	}
	if (hides_private(t, cfg))
		return -EINVAL;
	t->easy = worker_easy_get(t->worker);
	add_own_headers(t);
	add_job_headers(t);
	curl_easy_setopt(t->easy, CURLOPT_URL, t->url);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	/* Else removing a handle waits for its resolver thread (measured: 3.0 s against 0.0 s). */
	curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_BUFFERSIZE, buffer_size(t));
	set_callbacks(t);
	set_protocol(t, cfg);
	set_tls(t, cfg);
	set_proxy(t, cfg);
	if (secrets_of(t)) {
		set_credentials(t, t->job->secrets);
		set_cookies(t, t->job->secrets);
	}
	request_set_times(t, cfg);
	return 0;
}

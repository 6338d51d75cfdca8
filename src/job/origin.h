/* Origin: URL → "scheme://host:port", the unit of limits and connections. Pure, own parser for what it needs:
 * the whole URL is parsed again by libcurl in transfer/, and must agree.
 */
#ifndef JOB_ORIGIN_H
#define JOB_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

/* Why a URL is refused. */
enum origin_error {
	ORIGIN_OK = 0,
	ORIGIN_EMPTY,
	ORIGIN_TOO_LONG, /* over ORIGIN_URL_MAX bytes */
	ORIGIN_BAD_CHAR, /* space, control character or byte over 0x7e, unescaped */
	ORIGIN_NO_SCHEME,
	ORIGIN_NO_HOST,
	ORIGIN_BAD_HOST,
	ORIGIN_BAD_PORT,
};
#define ORIGIN_URL_MAX 16384

struct origin {
	char *scheme; /* lower case */
	char *host;   /* lower case, IPv6 in brackets, no userinfo; may be "" for an unknown scheme */
	int port;     /* the scheme's default where none is written; 0 for an unknown scheme */
};

/* On ORIGIN_OK *ret is filled and origin_done() frees it. URLs of schemes that are not known here
 * ("magnet:?…", "file:///…") are ORIGIN_OK with port 0, so that the caller can say what is wrong with them:
 * origin_scheme_in(). */
enum origin_error origin_parse(const char *url, struct origin *ret);
void origin_done(struct origin *origin);
/* "https://example.org:443". Caller frees. */
char *origin_text(const struct origin *origin);
/* One plain sentence without the URL: "the URL has no host". */
const char *origin_error_text(enum origin_error error);
/* Copy of url for eyes and logs: "***" in the place of userinfo and of the values of parameters that are
 * known for secrets, such as X-Amz-Signature. Anything that may hold one is taken. Caller frees. */
char *origin_redact(const char *url);
/* Copy of a URL that origin_parse() takes, without its userinfo; *ret_userinfo: what stood before the "@",
 * percent-encoded as it was, NULL when there is none. Caller frees both. */
char *origin_split_userinfo(const char *url, char **ret_userinfo);
/* The schemes that have a default port, one after the other; NULL behind the last. */
const char *origin_known_scheme(size_t i);
/* Whether scheme stands in a comma-separated list ("http,https"). */
bool origin_scheme_in(const char *scheme, const char *list);

#endif

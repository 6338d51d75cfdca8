/* Cookies: which form a text has, and headers made lines of a jar (RFC 6265, 5.2). What cannot be said in the
 * protocol's two forms is refused: a cookie must not go where its server did not allow it.
 */
#include "config.h"

#include "fetchctl/cookies.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "fetchctl/secret.h"
#include "job/cookie.h"
#include "job/httpdate.h"

static const char set_cookie[] = "Set-Cookie:";

static void append(char **slot, const char *separator, const char *text)
{
	secret_set(slot, *slot ? xasprintf("%s%s%s", *slot, separator, text) : xstrdup(text));
}

const char *cookies_add_pairs(struct job *job, const char *pairs)
{
	const char *why = cookie_pairs_refusal(pairs);

	if (!why)
		append(&job_need_secrets(job)->cookies, "; ", pairs);
	return why;
}

/* ---- Set-Cookie ---------------------------------------------------------------------------------- */

/* Points into the line, which is cut up. */
struct cookie {
	char *pair; /* "name=value" */
	const char *domain;
	const char *path;
	bool secure;
	bool gone; /* it has expired */
	int64_t expires_sec;
};

static char *trim(char *text)
{
	size_t n;

	text += strspn(text, " \t");
	for (n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

static void read_attribute(struct cookie *cookie, char *text, int64_t now_usec)
{
	char *value = strchr(text, '=');
	int64_t number;

	if (value)
		*value++ = '\0';
	text = trim(text);
	value = value ? trim(value) : NULL;
	if (text_ieq(text, "secure"))
		cookie->secure = true;
	else if (value && *value && text_ieq(text, "domain"))
		cookie->domain = value + (*value == '.');
	else if (value && *value == '/' && text_ieq(text, "path"))
		cookie->path = value;
	else if (value && text_ieq(text, "max-age") && units_parse_int(value, INT64_MIN, 0, &number) == 0)
		cookie->gone = true;
	else if (value && text_ieq(text, "expires") && httpdate_parse(value, &number) == 0) {
		cookie->expires_sec = number;
		cookie->gone |= number <= now_usec / USEC_PER_SEC;
	}
}

static const char *add_cookie(struct job *job, const struct cookie *cookie)
{
	char *value = strchr(cookie->pair, '=');
	CLEANUP_SECRET char *line = NULL;

	if (cookie->gone)
		return NULL;
	if (!value || value == cookie->pair)
		return "a Set-Cookie that has no name=value";
	if (!cookie->domain && (cookie->secure || (cookie->path && strcmp(cookie->path, "/") != 0)))
		return "a Set-Cookie with Secure or Path, but without Domain";
	if (!cookie->domain)
		return cookies_add_pairs(job, cookie->pair);
	line = xasprintf(".%s\tTRUE\t%s\t%s\t%lld\t%.*s\t%s\n", cookie->domain,
		cookie->path ? cookie->path : "/", cookie->secure ? "TRUE" : "FALSE",
		(long long)cookie->expires_sec, (int)(value - cookie->pair), cookie->pair, value + 1);
	append(&job_need_secrets(job)->cookie_jar, "", line);
	return NULL;
}

/* line: behind "Set-Cookie:"; cut up. */
static const char *add_header(struct job *job, char *line, int64_t now_usec)
{
	struct cookie cookie = {.pair = NULL};
	char *part;

	if (strchr(line, '\t'))
		return "a Set-Cookie with a tab";
	cookie.pair = trim(strsep(&line, ";"));
	while ((part = strsep(&line, ";")))
		read_attribute(&cookie, part, now_usec);
	return add_cookie(job, &cookie);
}

static bool is_set_cookie(const char *line)
{
	return strncasecmp(line, set_cookie, strlen(set_cookie)) == 0;
}

/* ---- files --------------------------------------------------------------------------------------- */

static const char *add_headers(struct job *job, const char *text, int64_t now_usec)
{
	CLEANUP_SECRET char *copy = xstrdup(text);
	size_t len = strlen(copy);
	const char *why = NULL;
	char *rest = copy, *line;

	while (!why && (line = strsep(&rest, "\n")))
		if (is_set_cookie(line))
			why = add_header(job, line + strlen(set_cookie), now_usec);
	explicit_bzero(copy, len); /* it is cut up */
	return why;
}

static const char *add_jar(struct job *job, const char *text)
{
	size_t line, n = strlen(text);
	const char *why = cookie_jar_refusal(text, &line);

	if (why)
		return why;
	append(&job_need_secrets(job)->cookie_jar, "", text);
	/* So that another can follow. */
	if (n > 0 && text[n - 1] != '\n')
		append(&job->secrets->cookie_jar, "", "\n");
	return NULL;
}

const char *cookies_add_file(struct job *job, const char *text, int64_t now_usec)
{
	CLEANUP_SECRET char *line = NULL;
	bool headers = false;

	for (const char *at = text; *at && !headers; at += strcspn(at, "\n"), at += *at == '\n')
		headers = is_set_cookie(at);
	if (headers)
		return add_headers(job, text, now_usec);
	if (strchr(text, '\t') || *text == '#' || text[strspn(text, " \r\n")] == '\0')
		return add_jar(job, text);
	line = xstrdup(text);
	/* Only the end of the line is no part of it. */
	line[strcspn(line, "\r\n")] = '\0';
	if (text[strlen(line) + strspn(text + strlen(line), "\r\n")] != '\0')
		return "neither a Netscape cookie file, nor Set-Cookie headers, nor one line of cookies";
	return cookies_add_pairs(job, line);
}

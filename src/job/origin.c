/* Origin: the parts of a URL that fetchd decides by (RFC 3986). Owns nothing; any thread. Must never take for
 * a host what another parser would read as something else: what is doubtful is refused.
 */
#include "config.h"

#include "job/origin.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

#define HOST_BYTES_MAX	253 /* RFC 1035, 2.3.4, without the trailing dot */
#define LABEL_BYTES_MAX 63

static const struct known_scheme {
	const char *name;
	int port;
} known_schemes[] = {
	{"http", 80},
	{"https", 443},
	{"ftp", 21},
	{"ftps", 990},
	{"sftp", 22},
};

const char *origin_known_scheme(size_t i)
{
	return i < ARRAY_LEN(known_schemes) ? known_schemes[i].name : NULL;
}

static int default_port(const char *scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(known_schemes); i++) {
		if (strcmp(scheme, known_schemes[i].name) == 0)
			return known_schemes[i].port;
	}
	return 0;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char *lower(const char *s, size_t n)
{
	char *copy = xstrndup(s, n);

	for (char *c = copy; *c; c++) {
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + ('a' - 'A'));
	}
	return copy;
}

static enum origin_error check_bytes(const char *url)
{
	size_t n = strnlen(url, ORIGIN_URL_MAX + 1);

	if (n == 0)
		return ORIGIN_EMPTY;
	if (n > ORIGIN_URL_MAX)
		return ORIGIN_TOO_LONG;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)url[i];

		/* Some parsers take a backslash for a slash. */
		if (c <= 0x20 || c >= 0x7f || c == '\\')
			return ORIGIN_BAD_CHAR;
	}
	return ORIGIN_OK;
}

/* Length of the scheme before its ':'; 0 when there is none (RFC 3986, 3.1). */
static size_t scheme_length(const char *url)
{
	size_t n = 0;

	if (!is_alpha(url[0]))
		return 0;
	while (is_alpha(url[n]) || is_digit(url[n]) || (url[n] && strchr("+-.", url[n])))
		n++;
	return url[n] == ':' ? n : 0;
}

/* The authority without userinfo: [*ret_start, returned end). s is behind "//". */
static const char *find_hostport(const char *s, const char **ret_start)
{
	const char *end = s + strcspn(s, "/?#");

	*ret_start = s;
	for (const char *c = s; c < end; c++) {
		if (*c == '@')
			*ret_start = c + 1;
	}
	return end;
}

static bool valid_name(const char *host, size_t n)
{
	size_t label = 0;

	if (n > 0 && host[n - 1] == '.')
		n--;
	if (n == 0 || n > HOST_BYTES_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (host[i] == '.') {
			if (label == 0)
				return false;
			label = 0;
		} else if (!is_alpha(host[i]) && !is_digit(host[i]) && host[i] != '-' && host[i] != '_') {
			return false;
		} else if (++label > LABEL_BYTES_MAX) {
			return false;
		}
	}
	return label > 0;
}

/* "[…]" in its one canonical spelling, or NULL. */
static char *canonical_ipv6(const char *host, size_t n)
{
	struct in6_addr addr;
	char text[INET6_ADDRSTRLEN];
	CLEANUP_FREE char *inner = n > 2 ? xstrndup(host + 1, n - 2) : xstrdup("");

	if (host[n - 1] != ']' || inet_pton(AF_INET6, inner, &addr) != 1 ||
		!inet_ntop(AF_INET6, &addr, text, sizeof(text)))
		return NULL;
	return xasprintf("[%s]", text);
}

/* Length of the host, brackets included; what follows must be ':' or the end. */
static size_t host_length(const char *start, const char *end)
{
	const char *c = start;

	if (c < end && *c == '[') {
		while (c < end && *c != ']')
			c++;
		return (size_t)(c < end ? c + 1 - start : end - start);
	}
	while (c < end && *c != ':')
		c++;
	return (size_t)(c - start);
}

/* ":8080", ":" (RFC 3986, 3.2.3: the default) or nothing. -1 when it is neither. */
static int parse_port(const char *s, const char *end, int fallback)
{
	int port = 0;

	if (s == end || s + 1 == end)
		return fallback;
	for (s++; s < end; s++) {
		if (!is_digit(*s))
			return -1;
		port = port * 10 + (*s - '0');
		if (port > 65535)
			return -1;
	}
	return port > 0 ? port : -1;
}

static enum origin_error parse_hostport(const char *start, const char *end, struct origin *o)
{
	size_t n = host_length(start, end);
	const char *rest = start + n;

	if (n == 0)
		return ORIGIN_NO_HOST;
	if (*start == '[')
		o->host = canonical_ipv6(start, n);
	else if (valid_name(start, n))
		o->host = lower(start, n);
	if (!o->host || (rest < end && *rest != ':'))
		return ORIGIN_BAD_HOST;
	o->port = parse_port(rest, end, o->port);
	return o->port < 0 ? ORIGIN_BAD_PORT : ORIGIN_OK;
}

static enum origin_error parse_rest(const char *s, struct origin *o)
{
	const char *start, *end;
	bool known = o->port != 0;

	if (!text_starts(s, "//")) {
		/* "example.org:8080/x" has no scheme, "mailto:x" one that needs no host. */
		if (known)
			return ORIGIN_NO_HOST;
		if (is_digit(*s) || strchr(o->scheme, '.'))
			return ORIGIN_NO_SCHEME;
		o->host = xstrdup("");
		return ORIGIN_OK;
	}
	end = find_hostport(s + 2, &start);
	if (start == end && !known) {
		o->host = xstrdup("");
		return ORIGIN_OK;
	}
	return parse_hostport(start, end, o);
}

enum origin_error origin_parse(const char *url, struct origin *ret)
{
	enum origin_error error = check_bytes(url);
	struct origin o = {0};

	if (error != ORIGIN_OK)
		return error;
	size_t n = scheme_length(url);

	if (n == 0)
		return ORIGIN_NO_SCHEME;
	o.scheme = lower(url, n);
	o.port = default_port(o.scheme);
	error = parse_rest(url + n + 1, &o);
	if (error == ORIGIN_OK)
		*ret = o;
	else
		origin_done(&o);
	return error;
}

void origin_done(struct origin *origin)
{
	str_set(&origin->scheme, NULL);
	str_set(&origin->host, NULL);
}

char *origin_text(const struct origin *origin)
{
	return xasprintf("%s://%s:%d", origin->scheme, origin->host, origin->port);
}

const char *origin_error_text(enum origin_error error)
{
	switch (error) {
	case ORIGIN_OK: return "the URL is fine";
	case ORIGIN_EMPTY: return "the URL is empty";
	case ORIGIN_TOO_LONG: return "the URL is longer than 16384 bytes";
	case ORIGIN_BAD_CHAR:
		return "the URL contains a space, a backslash, a control or a non-ASCII character; write it "
		       "as %XX";
	case ORIGIN_NO_SCHEME: return "the URL has no scheme such as https://";
	case ORIGIN_NO_HOST: return "the URL has no host";
	case ORIGIN_BAD_HOST: return "the URL's host is not a valid host name or address";
	case ORIGIN_BAD_PORT: return "the URL's port is not a number from 1 to 65535";
	}
	return "the URL is not valid";
}

static_assert(ORIGIN_URL_MAX == 16384, "the sentence above says so");

/* Names of parameters whose values let everybody in, as signed URLs and APIs have them. */
static bool is_secret_parameter(const char *name, size_t n)
{
	static const char *const names[] = {"X-Amz-Signature", "X-Amz-Credential", "X-Amz-Security-Token",
		"X-Goog-Signature", "X-Goog-Credential", "Signature", "sig", "access_token", "token",
		"api_key", "apikey", "password", "passwd", "secret"};
	CLEANUP_FREE char *word = xmalloc(n + 1);
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		/* Safe at the end of the name: something that is no digit follows. */
		int byte = text_percent_byte(name + i);

		word[at++] = byte > 0 ? (char)byte : name[i];
		i += byte > 0 ? 2 : 0;
	}
	word[at] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (text_ieq(word, names[i]))
			return true;
	}
	return false;
}

/* Copy of url with "***" for the values of secret parameters, in the query and where else they stand. */
static char *without_secret_values(const char *url)
{
	static const char separators[] = "?#&;";
	/* Each separator may be followed by a value that grows by two. */
	char *out = xmalloc(strlen(url) * 2 + 4), *at = out;

	while (*url) {
		size_t n = strcspn(url, "?#&;=");

		if (url[n] == '=' && is_secret_parameter(url, n)) {
			n++;
			memcpy(at, url, n);
			at = stpcpy(at + n, url[n] && !strchr("&;#", url[n]) ? "***" : "");
			url += n + strcspn(url + n, "&;#");
			n = 0;
		} else {
			n += strcspn(url + n, separators);
		}
		n += url[n] != '\0';
		memcpy(at, url, n);
		at += n;
		url += n;
	}
	*at = '\0';
	return out;
}

/* Where the authority begins. Without a scheme it is no URL, but may still hold a password. */
static const char *find_authority(const char *url)
{
	size_t n = scheme_length(url);

	return n > 0 && text_starts(url + n, "://") ? url + n + 3 : url;
}

char *origin_redact(const char *url)
{
	const char *authority = find_authority(url), *host;

	find_hostport(authority, &host);
	CLEANUP_FREE char *bare =
		host == authority ? xstrdup(url) : xasprintf("%.*s***@%s", (int)(authority - url), url, host);

	return without_secret_values(bare);
}

char *origin_split_userinfo(const char *url, char **ret_userinfo)
{
	const char *authority = find_authority(url), *host;

	find_hostport(authority, &host);
	*ret_userinfo = host > authority ? xstrndup(authority, (size_t)(host - 1 - authority)) : NULL;
	return xasprintf("%.*s%s", (int)(authority - url), url, host);
}

bool origin_scheme_in(const char *scheme, const char *list)
{
	while (*list) {
		list += strspn(list, ", \t");
		size_t n = strcspn(list, ", \t");
		CLEANUP_FREE char *item = xstrndup(list, n);

		if (n > 0 && text_ieq(item, scheme))
			return true;
		list += n;
	}
	return false;
}

/* Secrets of a job spec. Main thread. Must never let one into a message, and leaves none behind in the URL or
 * the headers, which are shown, stored and logged like anything else.
 */
#include <config.h>

#include "fetchd/control/secrets.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "job/cookie.h"
#include "job/header.h"
#include "job/origin.h"
#include "job/proxy.h"
#include "job/secret.h"

static const char *refuse(char **ret_message, const char *code, const char *what)
{
	*ret_message = xstrdup(what);
	return code;
}

static void wipe(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

/* ---- user, password, token */

static const char *split_url(struct job *job, char **ret_message)
{
	if (secret_take_userinfo(job))
		return NULL;
	return refuse(ret_message, "E_BAD_URL",
		"the user or password in the URL: a % is followed by two hexadecimal digits, and stands for "
		"itself as %25");
}

static bool is_visible_ascii(const char *text)
{
	for (; *text; text++)
		if (*text <= 0x20 || *text >= 0x7f)
			return false;
	return true;
}

static const char *check_user(const struct job_secrets *secrets, char **ret_message)
{
	if (secrets->password && !secrets->user)
		return refuse(ret_message, "E_AUTH", "a password is given, but no user");
	if (secrets->user && secrets->bearer)
		return refuse(ret_message, "E_AUTH", "both a user and a bearer token are given");
	if (secrets->user && strchr(secrets->user, ':'))
		return refuse(ret_message, "E_AUTH", "the user's name must not contain a colon");
	if ((secrets->user && header_value_refusal(secrets->user)) ||
		(secrets->password && header_value_refusal(secrets->password)))
		return refuse(ret_message, "E_AUTH", "user and password must not contain control characters");
	if (secrets->bearer && (!*secrets->bearer || !is_visible_ascii(secrets->bearer)))
		return refuse(
			ret_message, "E_AUTH", "the bearer token must consist of visible ASCII characters");
	return NULL;
}

/* ---- cookies, proxy */

static const char *check_cookies(const struct job_secrets *secrets, char **ret_message)
{
	const char *why = secrets->cookies ? cookie_pairs_refusal(secrets->cookies) : NULL;
	size_t line;

	if (why) {
		*ret_message = xasprintf("the cookies: %s", why);
		return "E_COOKIE";
	}
	if (!secrets->cookie_jar)
		return NULL;
	if (strlen(secrets->cookie_jar) > SECRETS_FILE_MAX)
		return refuse(ret_message, "E_COOKIE", "the cookie file is larger than 256 KiB");
	why = cookie_jar_refusal(secrets->cookie_jar, &line);
	if (!why)
		return NULL;
	*ret_message = xasprintf("the cookie file, line %zu: %s", line, why);
	return "E_COOKIE";
}

static const char *check_proxy(struct job_secrets *secrets, char **ret_message)
{
	char *why;
	if (!secrets->proxy || !*secrets->proxy)
		return NULL;
	char *url = proxy_normalize(secrets->proxy, &why);
	if (!url) {
		*ret_message = xasprintf("the proxy: %s", why);
		free(why);
		return "E_BAD_PROXY";
	}
	wipe(&secrets->proxy);
	secrets->proxy = url;
	return NULL;
}

/* ---- PEM (RFC 7468) */

enum pem_block { PEM_NONE, PEM_OTHER, PEM_CERTIFICATE, PEM_KEY, PEM_ENCRYPTED_KEY };

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);
	return n >= m && strcmp(text + n - m, end) == 0;
}

static enum pem_block block_kind(const char *label, const char *body, size_t n)
{
	/* The older form has headers, for that alone (RFC 1421); base64 has no hyphen. */
	if (ends_with(label, "PRIVATE KEY"))
		return text_starts(label, "ENCRYPTED") || memchr(body, '-', n) ? PEM_ENCRYPTED_KEY : PEM_KEY;
	return ends_with(label, "CERTIFICATE") ? PEM_CERTIFICATE : PEM_OTHER;
}

/* The next whole block from *at on, which is moved behind it. */
static enum pem_block next_block(const char **at)
{
	static const char begin[] = "-----BEGIN ";
	const char *start = strstr(*at, begin);
	const char *label = start ? start + strlen(begin) : NULL;
	const char *body = label ? strstr(label, "-----") : NULL;
	if (!body)
		return PEM_NONE;
	CLEANUP_FREE char *name = xstrndup(label, (size_t)(body - label));
	CLEANUP_FREE char *tail = xasprintf("-----END %s-----", name);
	const char *end = strstr(body, tail);
	if (!end)
		return PEM_NONE;
	*at = end + strlen(tail);
	body += strlen("-----");
	return block_kind(name, body, (size_t)(end - body));
}

static bool has_block(const char *pem, enum pem_block wanted)
{
	enum pem_block block;
	bool found = false;

	while ((block = next_block(&pem)) != PEM_NONE) {
		found = found || block == wanted;
		/* Whose passphrase would be asked for, behind or before the right one. */
		if (wanted == PEM_KEY && block == PEM_ENCRYPTED_KEY)
			return false;
	}
	return found;
}

/* what: "the certificate" */
static const char *check_pem(const char *what, const char *pem, enum pem_block wanted, char **ret_message)
{
	if (strlen(pem) > SECRETS_FILE_MAX)
		*ret_message = xasprintf("%s: larger than 256 KiB", what);
	else if (!has_block(pem, wanted))
		*ret_message = xasprintf("%s: %s", what,
			wanted == PEM_CERTIFICATE ? "no certificate in PEM form"
						  : "no private key in PEM form without a passphrase");
	return *ret_message ? "E_PEM" : NULL;
}

static const char *check_pems(const struct job_secrets *secrets, char **ret_message)
{
	const char *code = NULL, *key = secrets->key_pem;

	if (secrets->ca_pem)
		code = check_pem("the certificates to trust", secrets->ca_pem, PEM_CERTIFICATE, ret_message);
	if (!code && key && !secrets->cert_pem)
		return refuse(ret_message, "E_PEM", "a private key is given, but no certificate");
	if (!code && secrets->cert_pem)
		code = check_pem("the client certificate", secrets->cert_pem, PEM_CERTIFICATE, ret_message);
	if (!code && secrets->cert_pem)
		code = check_pem(
			"the client certificate's key", key ? key : secrets->cert_pem, PEM_KEY, ret_message);
	return code;
}

const char *secrets_complete(struct job *job, char **ret_message)
{
	const char *code = split_url(job, ret_message);

	if (code)
		return code;
	secret_take_headers(job);
	if (!job->secrets)
		return NULL;
	code = check_user(job->secrets, ret_message);
	if (!code)
		code = check_cookies(job->secrets, ret_message);
	if (!code)
		code = check_proxy(job->secrets, ret_message);
	if (!code)
		code = check_pems(job->secrets, ret_message);
	return code;
}

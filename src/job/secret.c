/* Secret: takes what is secret out of the URL and the headers of a job, which are shown, stored and logged
 * like anything else. Owns nothing; any thread.
 */
#include "config.h"

#include "job/secret.h"

#include <string.h>

#include "base/alloc.h"
#include "job/header.h"
#include "job/origin.h"

static void wipe(char **secret)
{
	if (*secret)
		explicit_bzero(*secret, strlen(*secret));
	free(*secret);
	*secret = NULL;
}

/* ---- URL */

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c ? strchr(digits, c | 0x20) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* In place. False for a "%" without two digits, and for a NUL. */
static bool decode(char *text)
{
	char *to = text;
	for (; *text; text++, to++) {
		int high = *text == '%' ? hex_digit(text[1]) : -1;
		int low = high >= 0 ? hex_digit(text[2]) : -1;
		if (*text == '%' && low < 0)
			return false;
		if (low >= 0)
			text += 2;
		*to = low >= 0 ? (char)(high << 4 | low) : *text;
		if (!*to)
			return false;
	}
	*to = '\0';
	return true;
}

/* userinfo: "user:password", percent-encoded; taken apart in place. What was given on purpose outranks it, as
 * with curl. */
static bool take_userinfo(struct job *job, char *userinfo)
{
	char *colon = strchr(userinfo, ':');
	bool fine;

	if (colon)
		*colon++ = '\0';
	fine = decode(userinfo) && (!colon || decode(colon));
	if (!fine || (!*userinfo && !colon))
		return fine;
	struct job_secrets *secrets = job_need_secrets(job);
	if (secrets->user)
		return true;
	secrets->user = xstrdup(userinfo);
	if (colon && !secrets->password)
		secrets->password = xstrdup(colon);
	return true;
}

bool secret_take_userinfo(struct job *job)
{
	char *userinfo;
	char *url = origin_split_userinfo(job->url, &userinfo);
	size_t len = userinfo ? strlen(userinfo) : 0;
	bool fine = true;

	wipe(&job->url);
	job->url = url;
	if (userinfo) {
		fine = take_userinfo(job, userinfo);
		explicit_bzero(userinfo, len);
	}
	free(userinfo);
	return fine;
}

/* ---- headers */

/* One pass: a message has room for hundreds of thousands of lines. */
void secret_take_headers(struct job *job)
{
	char *lines = job->options.headers;
	size_t len = lines ? strlen(lines) : 0;
	char *plain = xmalloc(len + 1), *secret = xmalloc(len + 1), *to_plain = plain, *to_secret = secret;

	for (const char *line = lines; line && *line;) {
		size_t n = strcspn(line, "\n");
		char **to = header_is_secret(line) ? &to_secret : &to_plain;
		n += line[n] == '\n';
		*to = mempcpy(*to, line, n);
		line += n;
	}
	*to_plain = *to_secret = '\0';
	wipe(&job->options.headers);
	job->options.headers = xstrdup_null(*plain ? plain : NULL);
	if (*secret)
		job_need_secrets(job)->headers = xstrdup(secret);
	wipe(&secret);
	free(plain);
}

void secrets_stay_behind(struct job_secrets *secrets)
{
	char **const own[] = {&secrets->user, &secrets->password, &secrets->bearer, &secrets->cookies,
		&secrets->cookie_jar, &secrets->headers, &secrets->cert_pem, &secrets->key_pem};

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		wipe(own[i]);
}

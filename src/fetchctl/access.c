/* Access: values of the options by which a server, or a proxy, lets one in. What stands in files is read
 * here, since the daemon may not be able to, and the job may outlive them.
 */
#include "config.h"

#include "fetchctl/access.h"

#include <stdbool.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "fetchctl/cookies.h"
#include "fetchctl/secret.h"
#include "job/proxy.h"

const char *access_set_basic(struct job *job, const char *value)
{
	(void)value;
	job->options.auth = JOB_AUTH_BASIC;
	return NULL;
}

const char *access_set_digest(struct job *job, const char *value)
{
	(void)value;
	job->options.auth = JOB_AUTH_DIGEST;
	return NULL;
}

const char *access_set_anyauth(struct job *job, const char *value)
{
	(void)value;
	job->options.auth = JOB_AUTH_ANY;
	return NULL;
}

const char *access_set_user(struct job *job, const char *value)
{
	secret_set(&job_need_secrets(job)->user, xstrdup(value));
	return NULL;
}

const char *access_set_password(struct job *job, const char *value)
{
	secret_set(&job_need_secrets(job)->password, xstrdup(value));
	return NULL;
}

static bool is_url(const char *value)
{
	return text_starts(value, "http://") || text_starts(value, "https://") ||
	       text_starts(value, "ftp://") || text_starts(value, "ftps://");
}

const char *access_set_login(struct job *job, const char *value)
{
	const char *colon = strchr(value, ':');
	struct job_secrets *secrets = job_need_secrets(job);

	/* Behind other commands --user takes no argument: here it has swallowed the URL. */
	if (is_url(value))
		return "that is a URL; for your own daemon write --user in front of the command";
	secret_set(&secrets->user, colon ? xstrndup(value, (size_t)(colon - value)) : xstrdup(value));
	secret_set(&secrets->password, colon ? xstrdup(colon + 1) : NULL);
	return NULL;
}

const char *access_set_bearer(struct job *job, const char *value)
{
	if (!*value)
		return "the token is empty";
	secret_set(&job_need_secrets(job)->bearer, xstrdup(value));
	return NULL;
}

const char *access_set_cookie_file(struct job *job, const char *path)
{
	const char *why = NULL;
	CLEANUP_SECRET char *text = secret_read(path, &why);

	if (!text)
		return why;
	if (!text_utf8_valid(text, strlen(text)))
		return "not valid UTF-8";
	return cookies_add_file(job, text, clock_wall_usec());
}

/* curl's rule: what has a "=" is data. */
const char *access_set_cookie(struct job *job, const char *value)
{
	if (*value == '@')
		return access_set_cookie_file(job, value + 1);
	return strchr(value, '=') ? cookies_add_pairs(job, value) : access_set_cookie_file(job, value);
}

const char *access_set_proxy(struct job *job, const char *value)
{
	CLEANUP_FREE char *why = NULL;
	char *url = *value ? proxy_normalize(value, &why) : xstrdup("");

	if (!url)
		return "not the URL of a proxy: http://HOST:PORT, or https, socks4, socks4a, socks5, socks5h";
	secret_set(&job_need_secrets(job)->proxy, url);
	return NULL;
}

static const char *set_pem(char **slot, const char *path)
{
	const char *why = NULL;
	char *text = secret_read(path, &why);

	if (text && !strstr(text, "-----BEGIN ")) {
		secret_set(&text, NULL);
		why = "not in PEM form";
	}
	if (text && !text_utf8_valid(text, strlen(text))) {
		secret_set(&text, NULL);
		why = "not valid UTF-8";
	}
	if (text)
		secret_set(slot, text);
	return why;
}

const char *access_set_ca(struct job *job, const char *path)
{
	return set_pem(&job_need_secrets(job)->ca_pem, path);
}

const char *access_set_cert(struct job *job, const char *path)
{
	return set_pem(&job_need_secrets(job)->cert_pem, path);
}

const char *access_set_cert_key(struct job *job, const char *path)
{
	return set_pem(&job_need_secrets(job)->key_pem, path);
}

const char *access_set_insecure(struct job *job, const char *value)
{
	(void)value;
	job->options.insecure = true;
	return NULL;
}

const char *access_set_check_certificate(struct job *job, const char *value)
{
	job->options.insecure = strcmp(value, "false") == 0;
	return job->options.insecure || strcmp(value, "true") == 0 ? NULL : "it must be true or false";
}

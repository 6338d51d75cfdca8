/* Intake: defaults, netrc, warnings. Owns the defaults and the text of the netrc file. */
#include "config.h"

#include "fetchctl/intake.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/netrc.h"
#include "fetchctl/secret.h"
#include "fetchctl/spec.h"
#include "job/origin.h"

/* ---- netrc --------------------------------------------------------------------------------------- */

static int read_netrc(struct intake *intake, const struct ctl *ctl, const char *path)
{
	const char *why = NULL;
	struct stat st;

	intake->netrc = secret_read(path, &why);
	if (intake->netrc)
		why = netrc_refusal(intake->netrc);
	if (why)
		return complain(STATUS_USAGE, "%s: %s", path, why);
	if (stat(path, &st) == 0 && (st.st_mode & (S_IRGRP | S_IROTH)))
		advise(ctl, "%s can be read by others: \"chmod 600\" it", path);
	return 0;
}

static int take_netrc(struct intake *intake, const struct ctl *ctl, const struct args *args)
{
	const char *file = args_value(args, OPT_NETRC_FILE), *home = getenv("HOME");
	CLEANUP_FREE char *own = NULL;

	if (!file && !args_has(args, OPT_NETRC))
		return 0;
	if (!file && (!home || !*home))
		return complain(STATUS_USAGE, "--netrc: HOME is not set; give --netrc-file");
	if (!file)
		file = own = xasprintf("%s/.netrc", home);
	return read_netrc(intake, ctl, file);
}

static bool has_authorization(const struct job *job)
{
	static const char name[] = "authorization:";

	for (const char *line = job->options.headers; line && *line;) {
		if (strncasecmp(line, name, strlen(name)) == 0)
			return true;
		line += strcspn(line, "\n");
		line += *line == '\n';
	}
	return false;
}

/* "[::1]" without its brackets. */
static char *bare_host(const char *host)
{
	size_t n = strlen(host);

	return *host == '[' && n > 2 ? xstrndup(host + 1, n - 2) : xstrdup(host);
}

/* userinfo: of the URL, NULL when it has none. */
static void log_in(struct job *job, const char *netrc, const char *host, const char *userinfo)
{
	struct netrc_login login;

	if (netrc_find(netrc, host, userinfo, &login) && (login.user || userinfo)) {
		struct job_secrets *secrets = job_need_secrets(job);

		secret_set(&secrets->user, xstrdup(login.user ? login.user : userinfo));
		secret_set(&secrets->password, xstrdup_null(login.password));
	}
	netrc_login_done(&login);
}

/* What is given on purpose outranks the file: a password in the URL too, but not a bare name. */
static void apply_netrc(struct job *job, const char *netrc)
{
	const struct job_secrets *secrets = job->secrets;
	CLEANUP_SECRET char *userinfo = NULL;
	CLEANUP_FREE char *host = NULL, *url = NULL;
	struct origin origin;

	if ((secrets && (secrets->user || secrets->password || secrets->bearer)) || has_authorization(job))
		return;
	if (origin_parse(job->url, &origin) != ORIGIN_OK)
		return;
	host = bare_host(origin.host);
	origin_done(&origin);
	url = origin_split_userinfo(job->url, &userinfo);
	if (!userinfo || !strchr(userinfo, ':'))
		log_in(job, netrc, host, userinfo);
}

/* ---- the intake ---------------------------------------------------------------------------------- */

int intake_init(struct intake *intake, const struct ctl *ctl, const struct args *args, struct adder *adder)
{
	int status;

	*intake = (struct intake){.adder = adder, .glob = args_has(args, OPT_GLOB)};
	status = spec_from_args(&intake->defaults, args);
	return status == 0 ? take_netrc(intake, ctl, args) : status;
}

void intake_done(struct intake *intake)
{
	job_done(&intake->defaults);
	secret_set(&intake->netrc, NULL);
}

void intake_put(struct intake *intake, struct job *job, const char *source, size_t line)
{
	if (intake->netrc)
		apply_netrc(job, intake->netrc);
	intake->md5 |= job->options.checksum && text_starts(job->options.checksum, "md5=");
	intake->insecure |= job->options.insecure;
	adder_put(intake->adder, job, source, line);
}

void intake_warn(const struct intake *intake, const struct ctl *ctl)
{
	if (intake->md5)
		advise(ctl, "md5 finds errors of the transmission; it does not protect against tampering");
	if (intake->insecure)
		advise(ctl, "certificates are not verified: whoever is on the way can read and change what "
			    "comes");
}

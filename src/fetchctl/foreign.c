/* Foreign: the table, and the few spellings that need more than one. */
#include "config.h"

#include "fetchctl/foreign.h"

#include <string.h>

#include "base/alloc.h"
#include "fetchctl/ctl.h"

#define ONLY_FETCHES "fetchd only fetches files"
#define NO_LINKS     "fetchd follows no links; give it a list of URLs with --input-file"
#define USE(option)  "use " option

const struct foreign foreign_table[] = {
	/* what always holds */
	{'L', "location", .same = OPT_END},
	{'f', "fail", .same = OPT_END},
	{'S', "show-error", .same = OPT_END},
	{'#', "progress-bar", .same = OPT_END},
	{'R', "remote-time", .same = OPT_END},
	{'Z', "parallel", .same = OPT_END},
	{0, "create-dirs", .same = OPT_END},
	{0, "remote-name-all", .same = OPT_END},
	{0, "retry-connrefused", .same = OPT_END},
	{'c', "continue", .same = OPT_END},
	{'C', "continue-at", .takes = true, .same = OPT_END, .value = "-"},
	{0, "show-progress", .same = OPT_END},
	{0, "no-directories", .same = OPT_END},
	{0, "no-host-directories", .same = OPT_END},
	{0, "no-parent", .same = OPT_END},

	/* what is ours by another name */
	{0, "silent", .same = OPT_QUIET},
	{0, "no-progress-meter", .same = OPT_QUIET},
	{0, "no-verbose", .same = OPT_QUIET},
	{0, "output-dir", .takes = true, .same = OPT_DIR},
	{'P', "directory-prefix", .takes = true, .same = OPT_DIR},
	{0, "output-document", .takes = true, .same = OPT_OUTPUT},
	{'U', "agent", .takes = true, .same = OPT_USER_AGENT},
	{'N', "timestamping", .same = OPT_CONDITIONAL},
	{0, "no-clobber", .same = OPT_ON_CONFLICT, .value = "skip"},
	{0, "content-disposition", .same = OPT_REMOTE_HEADER_NAME},
	{0, "no-check-certificate", .same = OPT_INSECURE},
	{0, "ca-certificate", .takes = true, .same = OPT_CACERT},
	{0, "certificate", .takes = true, .same = OPT_CERT},
	{0, "private-key", .takes = true, .same = OPT_CERT_KEY},
	{0, "load-cookies", .takes = true, .same = OPT_COOKIE},
	{0, "no-proxy", .same = OPT_PROXY, .value = ""},
	{0, "max-download-limit", .takes = true, .same = OPT_LIMIT_RATE},

	/* what is something else */
	{'t', "tries", .takes = true, .advice = USE("--retry, which counts the attempts after the first")},
	{0, "max-tries", .takes = true, .advice = USE("--retry, which counts the attempts after the first")},
	{'T', "read-timeout", .takes = true,
		.advice = USE("--connect-timeout, or --max-time for an attempt as a whole")},
	{0, "waitretry", .takes = true, .advice = USE("--retry-delay")},
	{0, "retry-max-time", .takes = true, .advice = USE("--deadline")},
	{0, "http-user", .takes = true, .advice = USE("--user=NAME:PASSWORD")},
	{0, "http-password", .takes = true, .advice = USE("--user=NAME:PASSWORD")},
	{0, "password", .takes = true, .advice = USE("--user=NAME:PASSWORD")},
	{0, "background", .advice = USE("\"fetchctl add\": the daemon is in the background")},
	{'v', "verbose", .advice = USE("\"fetchctl status ID\", which tells all there is, afterwards")},
	{0, "url", .takes = true, .advice = "write the URL alone"},
	{0, "compressed", .advice = "files are kept as they are"},
	{'r', "range", .advice = "fetchd takes whole files, and follows no links"},
	{0, "recursive", .advice = NO_LINKS},
	{'l', "level", .takes = true, .advice = NO_LINKS},
	{0, "page-requisites", .advice = NO_LINKS},
	{'X', "request", .takes = true, .advice = ONLY_FETCHES},
	{'F', "form", .takes = true, .advice = ONLY_FETCHES},
	{0, "data", .takes = true, .advice = ONLY_FETCHES},
	{0, "post-data", .takes = true, .advice = ONLY_FETCHES},
	{0, "upload-file", .takes = true, .advice = ONLY_FETCHES},
	{'I', "head", .advice = ONLY_FETCHES},
	{0, "spider", .advice = ONLY_FETCHES},
	{0, NULL, .same = OPT_END},
};

bool foreign_welcome(const enum opt_id *own)
{
	for (; own && *own != OPT_END; own++)
		if (*own == OPT_REMOTE_NAME)
			return true;
	return false;
}

void foreign_spell(int argc, char **argv)
{
	static const struct {
		const char *short_form, *long_form;
	} words[] = {
		{"-nv", "--no-verbose"},
		{"-nc", "--no-clobber"},
		{"-nd", "--no-directories"},
		{"-nH", "--no-host-directories"},
		{"-np", "--no-parent"},
	};

	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		for (size_t j = 0; j < ARRAY_LEN(words); j++)
			if (strcmp(argv[i], words[j].short_form) == 0)
				argv[i] = (char *)words[j].long_form;
}

const struct foreign *foreign_find(const char *name, size_t n)
{
	for (const struct foreign *foreign = foreign_table; foreign->name; foreign++)
		if (strlen(foreign->name) == n && strncmp(foreign->name, name, n) == 0)
			return foreign;
	return NULL;
}

int foreign_take(const struct foreign *foreign, const char *given, const char **ret_value)
{
	*ret_value = foreign->value ? foreign->value : given;
	if (foreign->advice && foreign->letter)
		return complain(STATUS_USAGE, "there is no option --%s (-%c) here: %s", foreign->name,
			foreign->letter, foreign->advice);
	if (foreign->advice)
		return complain(
			STATUS_USAGE, "there is no option --%s here: %s", foreign->name, foreign->advice);
	if (foreign->takes && foreign->same == OPT_END && strcmp(given, foreign->value) != 0)
		return complain(STATUS_USAGE, "--%s %s: only \"%s\" is known, and always so", foreign->name,
			given, foreign->value);
	return 0;
}

int foreign_check_split(const char *value)
{
	if (*value >= '0' && *value <= '9')
		return 0;
	complain(STATUS_USAGE, "-s %s: -s is --split here, and wants a number", value);
	if (*value == '/')
		hint("The daemon's socket is --socket, or -s before the verb.");
	else
		hint("For curl's --silent say -q; --location, --fail and --remote-name go without saying.");
	return STATUS_USAGE;
}

int foreign_check_proxy(const char *value)
{
	if (!*value || value[strspn(value, "0123456789")])
		return 0;
	complain(STATUS_USAGE, "-x %s: -x is --proxy here, and wants a URL", value);
	hint("How many connections aria2 may make with its -x is said by --split here.");
	return STATUS_USAGE;
}

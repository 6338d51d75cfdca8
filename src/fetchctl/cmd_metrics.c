/* fetchctl metrics: what the daemon counts, for a person or a scraper; into a file as a whole or not at all.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"

static int fill(int fd, const char *text, const char *part, const char *path)
{
	int err = fileio_pwrite_all(fd, text, strlen(text), 0);

	/* Whoever collects them may be another user. */
	if (!err && (fchmod(fd, 0644) < 0 || rename(part, path) < 0))
		err = -errno;
	return err;
}

/* A collector never sees half of it. */
static int write_file(const char *path, const char *text)
{
	CLEANUP_FREE char *part = xasprintf("%s.XXXXXX", path);
	CLEANUP_CLOSE int fd = mkostemp(part, O_CLOEXEC);
	int err = fd < 0 ? -errno : fill(fd, text, part, path);

	if (err && fd >= 0)
		(void)unlink(part);
	return err ? complain(STATUS_OUTPUT, "cannot write %s: %s", path, strerror(-err)) : 0;
}

static int run(struct ctl *ctl, const struct args *args)
{
	const char *path = args_value(args, OPT_METRICS_FILE), *text;
	bool prometheus = args_has(args, OPT_PROMETHEUS);
	json_t *reply;
	int status = ctl_call(ctl, "Metrics",
		json_pack("{s:s}", "format", prometheus ? "prometheus" : "openmetrics"), &reply);

	if (status != 0)
		return status;
	text = json_string_value(json_object_get(reply_parameters(reply), "text"));
	if (!text)
		status = complain(STATUS_UNREACHABLE, "the daemon sent something that is no metrics");
	else if (path && strcmp(path, "-") != 0)
		status = write_file(path, text);
	else
		out_text(ctl->out, text);
	json_decref(reply);
	return status;
}

const struct cmd cmd_metrics = {
	.name = "metrics",
	.usage = CMD_USAGE("[-o FILE] [--prometheus]"),
	.summary = "show what the daemon counts, as OpenMetrics text",
	.notes = "fetchd(8) lists them. A Prometheus server reads them from the daemon's own socket, see\n"
		 "MetricsSocket in fetchd.conf(5), or by way of node_exporter, see fetchd-metrics.timer.",
	.options = CMD_OPTIONS(OPT_METRICS_FILE, OPT_PROMETHEUS),
	.run = run,
};

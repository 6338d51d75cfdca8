/* One run of fetchctl: what every command is given. Single-threaded throughout. */
#ifndef FETCHCTL_CTL_H
#define FETCHCTL_CTL_H

#include <stdbool.h>

/* INTERFACE: what scripts may rely on. */
enum exit_status {
	STATUS_OK = 0,
	STATUS_JOB_FAILED = 1, /* a job waited for failed, was cancelled or removed */
	STATUS_USAGE = 2,
	STATUS_NOT_FOUND = 3, /* no such job or group */
	STATUS_NOT_PERMITTED = 4,
	STATUS_REFUSED = 5,
	STATUS_UNREACHABLE = 69,
	STATUS_OUTPUT = 74,	/* standard output, or a file, cannot be written */
	STATUS_TRY_AGAIN = 75,	/* or --timeout ran out */
	STATUS_SIGNALLED = 128, /* and the number of the signal: 130 for Ctrl-C */
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* The options that stand before or after any verb. */
struct settings {
	const char *socket; /* -s, or NULL */
	bool user;
	bool system;
	bool json;
	bool quiet;
	bool no_pager;
	bool no_legend;
	enum color_when color;
};

struct ctl {
	struct settings settings;
	struct place *place; /* where the daemon listens */
	struct link *link;   /* NULL until ctl_link() */
	struct out *out;
};

/* Connects on first use. 0, or the exit status after a message that says how to start the daemon. */
int ctl_link(struct ctl *ctl);

/* One line on standard error, "fetchctl: …", escaped for the terminal. Returns status, for "return
 * complain(…)". */
int complain(enum exit_status status, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The same, but not with --quiet: worth knowing, no failure. */
void advise(const struct ctl *ctl, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A further line below it, without the program's name. */
void hint(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif

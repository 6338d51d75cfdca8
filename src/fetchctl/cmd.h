/* A command is one file and one constant. */
#ifndef FETCHCTL_CMD_H
#define FETCHCTL_CMD_H

#include <stdbool.h>
#include <stddef.h>

#include "fetchctl/ctl.h"
#include "fetchctl/option.h"
#include "fetchctl/view.h"

struct cmd {
	const char *name;
	const char *const *usage;	 /* forms behind the name, ended by NULL */
	const char *summary;		 /* one line; NULL: no help tells of it */
	const char *notes;		 /* a paragraph for --help, or NULL */
	const enum opt_id *options;	 /* of its own, ended by OPT_END; NULL: none */
	const struct view *const *views; /* what it shows in rows, ended by NULL; NULL: nothing */
	bool takes_words;
	bool pages;					      /* long output goes through a pager */
	int (*run)(struct ctl *ctl, const struct args *args); /* returns the exit status */
};

#define CMD_USAGE(...)	 ((const char *const[]){__VA_ARGS__, NULL})
#define CMD_OPTIONS(...) ((const enum opt_id[]){__VA_ARGS__, OPT_END})
#define CMD_VIEWS(...)	 ((const struct view *const[]){__VA_ARGS__, NULL})
/* Of every command that shows rows. */
#define CMD_ROW_OPTIONS OPT_COLUMNS, OPT_SORT, OPT_REVERSE

extern const struct cmd cmd_add;
extern const struct cmd cmd_get;
extern const struct cmd cmd_status;
extern const struct cmd cmd_list;
extern const struct cmd cmd_why;
extern const struct cmd cmd_hosts;
extern const struct cmd cmd_wait;
extern const struct cmd cmd_watch;
extern const struct cmd cmd_top;
extern const struct cmd cmd_pause;
extern const struct cmd cmd_resume;
extern const struct cmd cmd_cancel;
extern const struct cmd cmd_retry;
extern const struct cmd cmd_remove;
extern const struct cmd cmd_group;
extern const struct cmd cmd_edit;
extern const struct cmd cmd_verify;
extern const struct cmd cmd_backup;
extern const struct cmd cmd_limit;
extern const struct cmd cmd_drain;
extern const struct cmd cmd_metrics;
extern const struct cmd cmd_ping;
extern const struct cmd cmd_version;
extern const struct cmd cmd_help;
extern const struct cmd cmd_complete;

/* All of them, in the order of --help, ended by NULL. */
extern const struct cmd *const cmd_table[];

/* NULL when there is none. */
const struct cmd *cmd_find(const char *name);
/* The message for a verb that does not exist, with the nearest one that does. Returns the exit status. */
int cmd_unknown(const char *name);

#endif

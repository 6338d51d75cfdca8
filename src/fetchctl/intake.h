/* Intake: what holds for all jobs of one add or get, and the last steps of each on its way to the adder. */
#ifndef FETCHCTL_INTAKE_H
#define FETCHCTL_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

#include "fetchctl/adder.h"
#include "fetchctl/ctl.h"
#include "fetchctl/option.h"
#include "job/job.h"

struct intake {
	struct job defaults; /* options of the command line */
	struct adder *adder; /* borrowed */
	char *netrc;	     /* text, or NULL: none is asked for */
	bool glob;	     /* URLs of the command line are patterns */
	bool md5, insecure;  /* some job has it */
};

/* Reads --netrc and all options that hold for each job. 0, or the exit status after a message. intake_done()
 * in either case. */
int intake_init(struct intake *intake, const struct ctl *ctl, const struct args *args, struct adder *adder);
void intake_done(struct intake *intake);
/* A job that is complete but for its login; source, line: as for adder_put(). */
void intake_put(struct intake *intake, struct job *job, const char *source, size_t line);
/* Tells what the user should know before anything is sent. */
void intake_warn(const struct intake *intake, const struct ctl *ctl);

#endif

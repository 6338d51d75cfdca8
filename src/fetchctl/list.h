/* Lists of downloads in aria2's form: a URL a line, and below it indented lines "option=value". */
#ifndef FETCHCTL_LIST_H
#define FETCHCTL_LIST_H

#include "fetchctl/intake.h"

/* Puts the jobs of a file ("-": standard input) into intake. 0, or the exit status after a message that names
 * the line. */
int list_read(const char *file, struct intake *intake);

#endif

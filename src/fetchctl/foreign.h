/* Foreign: options as curl(1), wget(1) and aria2c(1) spell them, for add and get: taken for ours where they
 * mean the same, passed over where it is always so, else refused with what to say instead. Pure but for its
 * messages. */
#ifndef FETCHCTL_FOREIGN_H
#define FETCHCTL_FOREIGN_H

#include <stdbool.h>
#include <stddef.h>

#include "fetchctl/option.h"

struct foreign {
	char letter;	    /* 0: none */
	const char *name;   /* long */
	bool takes;	    /* an argument */
	enum opt_id same;   /* OPT_END: none of ours */
	const char *value;  /* what ours is given; NULL: what was given, or nothing. For others all that is
			       taken. */
	const char *advice; /* refused, with this; NULL: taken */
};

/* Ended by an entry without a name. */
extern const struct foreign foreign_table[];

/* Whether a verb with these options is one that takes them. */
bool foreign_welcome(const enum opt_id *own);
/* Words that getopt would take apart, such as wget's -nc, become long options. */
void foreign_spell(int argc, char **argv);
/* NULL when nobody has it. name: n bytes, without the dashes. */
const struct foreign *foreign_find(const char *name, size_t n);
/* 0 with *ret_value what ours is to be given, or the exit status after a message. */
int foreign_take(const struct foreign *foreign, const char *given, const char **ret_value);
/* Whether the number for --split is what follows curl's -s, or a socket. 0, or the exit status after a
 * message. */
int foreign_check_split(const char *value);
/* Whether the URL for --proxy is a number, as aria2's -x has it. 0, or the exit status after a message. */
int foreign_check_proxy(const char *value);

#endif

/* Cookies as users give them: pairs for one Cookie header, or the lines of a Netscape cookie file. Pure. */
#ifndef JOB_COOKIE_H
#define JOB_COOKIE_H

#include <stddef.h>

/* "a=1; b=2". NULL when it may be sent, else why not (static sentence, without what it holds). */
const char *cookie_pairs_refusal(const char *pairs);
/* Lines of seven fields with tabs between (domain, TRUE or FALSE for its subdomains, path, TRUE or FALSE for
 * https alone, seconds since the epoch or 0, name, value). "#HttpOnly_" in front belongs to the domain; other
 * lines that begin with "#", and empty ones, are comments. NULL, or why not (static sentence) with *ret_line
 * counted from 1. */
const char *cookie_jar_refusal(const char *text, size_t *ret_line);

#endif

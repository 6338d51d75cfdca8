/* Cookies of -b and load-cookies: as data, and from files of three forms. */
#ifndef FETCHCTL_COOKIES_H
#define FETCHCTL_COOKIES_H

#include <stdint.h>

#include "job/job.h"

/* Adds "a=1; b=2". NULL, or why it is refused (static sentence). */
const char *cookies_add_pairs(struct job *job, const char *pairs);
/* Adds what a file holds: lines of a Netscape cookie file, headers "Set-Cookie: …" (other headers among them
 * are passed over), or one line of pairs. Those with a domain go to cookie_jar, others to cookies. NULL, or
 * why it is refused (static sentence). */
const char *cookies_add_file(struct job *job, const char *text, int64_t now_usec);

#endif

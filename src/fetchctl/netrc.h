/* netrc: users and passwords by host, as ftp(1) and curl(1) read them. Pure. */
#ifndef FETCHCTL_NETRC_H
#define FETCHCTL_NETRC_H

#include <stdbool.h>

struct netrc_login {
	char *user;	/* owned; NULL when the entry has none */
	char *password; /* owned; NULL when the entry has none */
};

/* The first entry of text for host, else the "default" one. user: only an entry of this name; NULL: any.
 * False when there is none. netrc_login_done() in either case. */
bool netrc_find(const char *text, const char *host, const char *user, struct netrc_login *ret);
void netrc_login_done(struct netrc_login *login);
/* NULL, or what is wrong with the whole of text (static sentence). */
const char *netrc_refusal(const char *text);

#endif

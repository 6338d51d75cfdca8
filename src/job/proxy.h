/* Proxies as administrators and users write them. Pure. */
#ifndef JOB_PROXY_H
#define JOB_PROXY_H

/* "host:3128" or "socks5h://user:password@host" → the URL, with http:// where there is no scheme. Caller
 * frees. NULL with *ret_why one plain sentence (caller frees), which does not repeat the URL. */
char *proxy_normalize(const char *text, char **ret_why);

#endif

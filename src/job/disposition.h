/* Content-Disposition: the file name that a server proposes (RFC 6266, RFC 8187, and the continuations of RFC
 * 2231 that some still send). Pure.
 */
#ifndef JOB_DISPOSITION_H
#define JOB_DISPOSITION_H

/* One safe name (name.h): the last path component of "filename*", else of "filename". What servers really
 * send is read too: no type, no quotes, spaces, bytes that are UTF-8 or else Latin-1. The first of two equal
 * parameters counts, and one that cannot be decoded does not. NULL when nothing usable is named. Caller
 * frees. */
char *disposition_name(const char *value);

#endif

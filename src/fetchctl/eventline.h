/* Eventline: an event in the form that a user gives, for shells. Pure. */
#ifndef FETCHCTL_EVENTLINE_H
#define FETCHCTL_EVENTLINE_H

#include <jansson.h>

/* NULL, or what is wrong with the format. */
const char *eventline_check(const char *format);
/* The event in that form, a newline at its end: %c cursor, %t time (microseconds), %k kind, %i job's id, %h
 * name of the hook, %n name, %p path, %u URL, %g group, %s size, %e error's code, %% a percent; \t, \n, \\.
 * What is not known is empty; text is escaped as for a terminal. Caller frees. */
char *eventline(const char *format, const json_t *event);
/* The member of the event, or of its job, as text; "" when it has none. Caller frees. */
char *eventline_member(const json_t *event, char letter);

#endif

/* Service: what the process tells its service manager and its log. Main thread only. Everything here does
 * nothing when there is no manager to tell.
 */
#ifndef FETCHD_SERVICE_H
#define FETCHD_SERVICE_H

#include <stdint.h>

/* Log lines go to the journal, fields included, when stderr is connected to it. Before threads start. */
void service_log_init(void);

/* sd_notify(3). */
void service_ready(void);
void service_reloading(void);
void service_stopping(void);
void service_status(const char *text);
/* Before READY: what goes on takes long, and gets on. At most one message every few seconds leaves. */
void service_working(void);
void service_watchdog(void);
/* How often service_watchdog() is due: half of what the manager allows; 0 when it does not watch. */
int64_t service_watchdog_usec(void);

/* The listening socket that was passed in (sd_listen_fds(3)); -1: none, -EINVAL: something else was passed.
 */
int service_listen_fd(void);

#endif

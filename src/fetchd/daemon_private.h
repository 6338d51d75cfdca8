/* Inside of the daemon: what daemon.c (its parts) and daemon_loop.c (its main loop) share. */
#ifndef FETCHD_DAEMON_PRIVATE_H
#define FETCHD_DAEMON_PRIVATE_H

#include <event2/event.h>
#include <stdbool.h>

#include "base/mailbox.h"
#include "fetchd/control/control.h"
#include "fetchd/control/socket.h"
#include "fetchd/daemon.h"
#include "fetchd/sandbox.h"

#define DAEMON_STATUS_MAX 160

struct daemon {
	struct config *config;
	const struct config_source *source;
	int exit_code;

	int signal_fd;
	int lock_fd;
	struct control_socket socket;
	char sandbox[SANDBOX_TEXT_MAX];
	struct store *store;
	struct mailbox mailbox; /* control's */
	struct mailbox engine_box;
	struct disk *disk;
	struct hook_pool *hooks;
	bool can_execute; /* hooks: the sandbox was made for some, or there is none */
	struct worker **workers;
	size_t n_workers;
	struct engine *engine;
	struct pulse *pulse;
	struct control *control;

	struct event_base *base;
	struct network *network;
	struct event *mailbox_event;
	struct event *signal_event;
	struct event *stop_timer;
	struct event *watchdog_timer;
	struct event *status_timer;
	struct event *idle_timer;
	bool idle;	     /* at the last look */
	uint64_t idle_calls; /* and so many calls there had been */
	char status[DAEMON_STATUS_MAX];
	struct control_socket metrics_socket;
	struct metrics_server *metrics; /* NULL: nobody may ask */
	int64_t started_usec;
	uint64_t watchdog_pings;
	bool ready;
	bool stopping;
};

/* A part did not come up: says so and takes error. -1. */
int daemon_fail(struct daemon *d, int exit_code, char *error);

/* daemon_loop.c: parts of the build list. */
int daemon_watchdog_up(struct daemon *d);
void daemon_watchdog_down(struct daemon *d);
int daemon_loop_up(struct daemon *d);
void daemon_loop_down(struct daemon *d);
int daemon_network_up(struct daemon *d);
void daemon_network_down(struct daemon *d);
int daemon_control_up(struct daemon *d);
void daemon_control_down(struct daemon *d);
/* Hooks of the configuration that cannot run just now, to the log. */
void daemon_tell_hooks(const struct daemon *d);

/* daemon_metrics.c */
int daemon_metrics_up(struct daemon *d);
void daemon_metrics_down(struct daemon *d);
/* Caller frees. arg is the daemon. */
char *daemon_metrics_text(bool prometheus, void *arg);

#endif

/* A session: one connection, its framing and limits, and its calls, answered in their order. One is under way
 * at a time, or several whose method says that they may begin ahead. Main thread. */
#ifndef CONTROL_SESSION_H
#define CONTROL_SESSION_H

#include <event2/bufferevent.h>

#include "fetchd/control/internal.h"

/* FAULTS S1, S5 */
#define SESSION_MESSAGE_USEC  (30 * USEC_PER_SEC)
#define SESSIONS_MAX	      ((size_t)512)
#define SESSIONS_ROOT_RESERVE ((size_t)8)
#define SESSIONS_PER_USER     ((size_t)64)
/* A closing session waits so long for its peer to take what is written, and to close. */
#define SESSION_FLUSH_USEC USEC_PER_SEC
/* Calls that are under way at once, at most, and the bytes of their messages from which on no more are taken:
 * so much of a list can share a commit. */
#define SESSION_CALLS ((size_t)16)
#define SESSION_BYTES ((size_t)1 << 20)
/* Below this much unsent output, more is produced. */
#define SESSION_OUTPUT_LOW ((size_t)64 * 1024)

TAILQ_HEAD(call_list, call);

struct session {
	uint64_t id;
	UT_hash_handle hh;
	struct session *next_dead;
	struct control *control;
	struct peer peer;
	struct bufferevent *bev;
	struct event *timer; /* an incomplete message, or a flush */
	struct event *again; /* there may be another message in what came */
	struct call_list calls;
	size_t n_calls;
	size_t bytes;	 /* of their messages */
	size_t scanned;	 /* bytes of input without a message's end */
	bool reading;	 /* session_read() is on the stack */
	bool eof;	 /* the peer sends no more */
	bool closing;	 /* takes no more calls; ends when flushed */
	bool adds_parts; /* it has begun to add a list in parts, which may not be whole */
	bool waits;	 /* it has asked to be told when hooks have ended */
	bool dead;
};

/* Takes fd, a new connection, whatever becomes of it. */
void session_open(struct control *control, int fd);
/* No more calls; the connection ends when what is written has been taken. */
void session_finish(struct session *session);
/* Ends it now. It is freed later in this loop. */
void session_close(struct session *session);
struct session *session_find(struct control *control, uint64_t id);
/* Queue one message; takes json. */
void session_send(struct session *session, json_t *json);
/* The first call is over; those behind it that have their answers, too: looks for more. */
void session_call_done(struct session *session);
/* NULL when there is none. */
struct call *session_call(const struct session *session, uint64_t id);
/* A list that it has begun to add will not come whole: it is taken back, where the engine is stopping at its
 * next start. */
void session_abandon_list(struct session *session);
/* Frees dead sessions. */
void session_reap(struct control *control);

#endif

/* A call: one Varlink method call of one session, from its message to its last reply. Main thread.
 *
 * A method answers with call_reply() or one of the call_error functions. The last answer frees the call:
 * after it, the pointer is gone. Between start and the last answer it may ask the engine, one request at a
 * time.
 */
#ifndef CONTROL_CALL_H
#define CONTROL_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fetchd/control/control.h"
#include "fetchd/control/peer.h"
#include "fetchd/engine/engine.h"

struct call;
struct session;

/* One entry of the method table. */
struct method {
	const char *name; /* "io.fetchd.Manager.Add" */
	bool streams;	  /* makes sense only with "more" */
	/* May begin while others like it of its session are under way: it answers once, and the engine does
	 * its work in the order in which it is asked. */
	bool ahead;
	/* parameters is an object, borrowed for as long as the call lives. */
	void (*start)(struct call *call, json_t *parameters);
	/* A request of call_request() is back and went well. Borrowed. */
	void (*reply)(struct call *call, struct request *request);
	/* The client has taken most of what was written. NULL: does not matter. */
	void (*drained)(struct call *call);
	/* Frees call->state. NULL: there is none. */
	void (*end)(struct call *call);
};

struct call {
	struct control *control;
	struct session *session;
	const struct method *method;
	struct peer peer;
	uint64_t id;
	bool more, oneway;
	bool begun;
	size_t bytes;	 /* of the message, as it came */
	json_t *message; /* owned; NULL when there was none that could be read */
	char *bad;	 /* what is wrong with the message, or NULL */
	/* Its last answer, while those before it have none. */
	bool answered;
	json_t *answer; /* NULL: it wanted none */
	void *state;	/* the method's own */
	TAILQ_ENTRY(call) link;
};

/* Answers with parameters (taken; NULL: {}). continues: more will follow. */
void call_reply(struct call *call, json_t *parameters, bool continues);
/* The last answer. parameters are taken. */
void call_error(struct call *call, const char *error, json_t *parameters);
void call_invalid_parameter(struct call *call, const char *parameter);
/* io.fetchd.Manager.Refused; index -1: none. message is taken. */
void call_refused(struct call *call, const char *code, char *message, int64_t index);
void call_try_again(struct call *call, const char *message);
void call_not_permitted(struct call *call, const char *message);

/* Whether there is little enough unsent to produce more. */
bool call_output_low(const struct call *call);
/* Bytes written and not taken yet. */
size_t call_output_length(const struct call *call);

/* Asks the engine as this caller; takes request. While the daemon stops, answers TryAgain instead. */
void call_request(struct call *call, struct request *request);
/* An answer from the engine: to the method, or to the caller when it is an error. request is borrowed. */
void call_take_reply(struct call *call, struct request *request);

/* ---- parameters */

enum param_type { PARAM_BOOL, PARAM_INT, PARAM_STRING, PARAM_OBJECT, PARAM_ARRAY };

/* A parameter and where its value goes: bool, int64_t, const char * or json_t *, borrowed from the call.
 * Absent or null: the place is left alone. */
struct param {
	const char *name;
	enum param_type type;
	size_t offset;
	bool required;
};

/* True, or false after an InvalidParameter answer: unknown, missing or of a wrong type. */
bool call_read_params(struct call *call, json_t *parameters, const struct param *params, size_t n, void *to);

/* ---- shared by methods */

/* Reads type Selection into *filter (initialised by this call; job_filter_done() it when true). NULL
 * selection: every job. ids are sorted and unique. all_users takes effect for those who may; of the groups of
 * a name it is the caller's own, else one of another. False after an answer. */
bool call_read_selection(struct call *call, json_t *selection, bool all_users, struct job_filter *filter);
/* The same for a method that has "all_users" among its parameters: when it is said, it holds for the groups
 * of a name, too; else a group or ids are as in a verb, and all other jobs are the caller's own. */
bool call_read_scope(
	struct call *call, json_t *parameters, json_t *selection, bool all_users, struct job_filter *filter);
/* type Job, with live figures, and without what must not be seen. New reference. */
json_t *call_job_json(const struct control *control, const struct job *job);
/* About how much text that is. */
size_t call_job_size(const struct job *job);

/* Longest lists that are taken and told (FAULTS S2). */
#define CALL_LIST_MAX 10000
/* Jobs or events of one page, and about the most text of one message. */
#define CALL_PAGE	256
#define CALL_REPLY_SIZE ((size_t)512 * 1024)

#endif

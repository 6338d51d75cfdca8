/* A transfer: one attempt of one job, from START to FINISHED. Lives in one worker, runs in its thread.
 *
 * Its life: look (is the name free, what of the part can be trusted) → run (request, gate, body, redirects) →
 * settle (last bytes, sync, finish or close) → told. Bytes go to the disk pool in buffers; it never touches a
 * file.
 */
#ifndef TRANSFER_TRANSFER_H
#define TRANSFER_TRANSFER_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/mailbox.h"
#include "fetchd/config.h"
#include "fetchd/disk/disk.h"
#include "fetchd/transfer/gate.h"
#include "fetchd/transfer/messages.h"
#include "fetchd/transfer/multi.h"
#include "fetchd/transfer/pace.h"
#include "fetchd/transfer/response.h"
#include "job/attempt.h"

#define TRANSFER_MAGIC 0x7f4ad15cu

enum transfer_phase {
	TRANSFER_LOOK,	 /* the disk looks for the name and the part */
	TRANSFER_RUN,	 /* in the multi */
	TRANSFER_SETTLE, /* out of the multi; the disk finishes, closes or discards */
};

/* Why a running transfer takes no bytes just now. */
enum transfer_pause {
	PAUSE_DISK = 1, /* no buffer, or too much on its way to the disk */
	PAUSE_RATE = 2, /* a limit: until resume_usec */
};

struct worker;
struct split;

struct transfer {
	unsigned magic;
	struct worker *worker;
	TAILQ_ENTRY(transfer) link; /* of the worker */
	TAILQ_ENTRY(transfer) paused_link;
	struct job *job;
	int64_t attempt;
	/* One file over several connections: split.h. */
	struct transfer *whole; /* this fetches a part of that one's file; NULL: it is the file's own */
	TAILQ_ENTRY(transfer) part_link;
	struct split *split; /* the file's own: it has parts, or could have; NULL: its bytes come in order */
	int64_t until;	     /* past the last byte that it is to fetch; INT64_MAX: to the end */
	int64_t asked_until; /* as its request says */
	bool accepted;	     /* an answer of this attempt brings bytes of the file */
	bool ranged;	     /* and its server gives parts of it */
	enum transfer_phase phase;
	struct verdict verdict; /* the first cause of an end that is not success */
	bool cancelled, discard;
	struct attempt *record; /* told with FINISHED once a request went out */
	bool asked;

	/* the request */
	CURL *easy;
	struct multi *multi; /* while in it */
	struct curl_slist *headers;
	char *url; /* of this hop */
	unsigned hops;
	bool foreign;		    /* a redirect left the origin: what was meant for it alone is not sent */
	bool blocked;		    /* the address policy said no */
	bool ends_with_tls;	    /* the body ends with its connection, and that must be said: */
	bool tls_closed;	    /* it was */
	int64_t most_bytes;	    /* of the file, for its user's bound on the disk */
	bool http1;		    /* not HTTP/2 */
	bool shed;		    /* see struct outcome */
	bool stale;		    /* the connection that was to be used again cannot be */
	bool fresh;		    /* over a new connection, then */
	unsigned challenges;	    /* 401s that libcurl may answer with credentials */
	struct curl_slist *cookies; /* of the job's jar and of redirects within its origin */
	char error[CURL_ERROR_SIZE];
	struct response response;
	enum gate_answer answer; /* once judged */
	bool judged;
	size_t swallowed; /* bytes of a body that is not ours */
	/* what the file that has the name now is, for a conditional request */
	bool conditional;
	char *have_etag;
	int64_t have_modified_sec;

	/* the bytes */
	struct disk_file *file;	    /* NULL until there is one */
	struct disk_buffer *buffer; /* being filled */
	int64_t offset;		    /* where the next new byte from the network belongs */
	int64_t started_at;	    /* durable bytes when this attempt began: more is progress */
	unsigned char *tail;	    /* the last bytes below offset, to be compared; NULL: a validator does */
	size_t tail_n;
	size_t tail_seen;  /* bytes of it that the body has repeated */
	char *part_digest; /* of what this response brings; goes with the next buffer */
	int64_t posted;	   /* bytes handed to the disk */
	int64_t written;   /* of these, in the file: when they come in order */
	int64_t durable;   /* bytes known to be on disk */
	char *taken;	   /* the final name, once the file has it */
	int64_t mtime_sec;
	size_t grow;			/* size of the next buffer */
	unsigned tasks;			/* out at the disk */
	unsigned writes;		/* of them, WRITE */
	bool syncing;			/* one SYNC is out */
	int64_t sync_posted, sync_usec; /* at the last one */

	/* pace */
	unsigned pause; /* enum transfer_pause, or'ed */
	int64_t resume_usec;
	struct pace limits;

	/* time, on the boot clock */
	int64_t begun_usec, hop_usec;
	bool retimed; /* time-outs have changed since libcurl set its timers */
	int64_t last_byte_usec;
	int64_t buffer_usec; /* since when the buffer has held bytes */
	int64_t report_offset;
	int64_t slow_since_usec, slow_offset; /* the window of MinRate */
	int64_t speed;			      /* bytes/s, smoothed; -1 not yet */
};

/* Begins; takes over start->job. The worker links it. */
struct transfer *transfer_new(struct worker *worker, struct worker_start *start);
/* One that knows its job, which it takes over, and nothing else yet. */
struct transfer *transfer_make(struct worker *worker, struct job *job, int64_t attempt);
void transfer_free(struct transfer *t);
/* The file's own transfer: t, or the one whose file t fetches a part of. */
static inline struct transfer *transfer_whole(struct transfer *t)
{
	return t->whole ? t->whole : t;
}
/* Whether limits on speed hold for it. */
bool transfer_limited(const struct transfer *t);
void transfer_begin(struct transfer *t);
/* Ends it with FINISHED (VERDICT_ABORTED) as soon as the disk is through. */
void transfer_cancel(struct transfer *t, bool discard);
/* libcurl is through with the easy handle, which is out of its multi. */
void transfer_curl_done(struct transfer *t, CURLcode result);
/* A task has come back; frees it. May end and free the transfer. */
void transfer_disk_done(struct transfer *t, struct disk_task *task);
/* The worker's tick, dt_usec after the last one: stalls, old partial buffers, checkpoints, speed. May end the
 * transfer. */
void transfer_tick(struct transfer *t, int64_t now_usec, int64_t dt_usec);
/* What has come is made durable, if it is enough or old enough. */
void transfer_checkpoint(struct transfer *t, int64_t now_usec);
/* Ends it, held for the network, when the address that it speaks from is not this machine's any more. */
void transfer_network_changed(struct transfer *t);
/* The configuration is another. */
void transfer_tune(struct transfer *t);
/* Try to go on after a pause. */
void transfer_unpause(struct transfer *t, int64_t now_usec);

/* hop.c: sends the request for t->url; gives the easy handle back, after which no callback comes any more. */
void hop_start(struct transfer *t);
void hop_leave(struct transfer *t);
/* Out of libcurl before it says that it is through. May end and free the transfer. */
void hop_end(struct transfer *t, CURLcode result);
/* redirect.c: the answer was a redirect: on to where it leads, or the end. */
void redirect_follow(struct transfer *t);
/* request.c: fills the easy handle for t->url. 0, or -EINVAL with the verdict set. */
int request_setup(struct transfer *t);
/* Its time-outs alone; also while it runs. */
void request_set_times(struct transfer *t, const struct config *cfg);
/* ftp.c: FTP has no heads; its replies are read for size and time, and the same rules hold. */
bool ftp_is(const char *url);
/* Why url is an FTP URL that brings no file as it is; NULL: it does. */
const char *ftp_refusal(const char *url);
void ftp_setup(struct transfer *t);
void ftp_line(struct transfer *t, const char *line, size_t n);
/* Once, before the first byte. */
void ftp_judge(struct transfer *t);
/* libcurl is through: judges an empty file, and gives a refusal its verdict. */
void ftp_judge_end(struct transfer *t, CURLcode result);
/* body.c: the head is complete: asks the gate. */
void body_judge(struct transfer *t);
/* Its answer is one of several that make the file. */
bool body_is_part(const struct transfer *t);
/* What the gate made of an answer becomes the job's. */
void body_apply(struct transfer *t, const struct gate_result *result);
/* Something worth telling that is no failure. */
void transfer_note(struct transfer *t, const char *note);
/* Whether bytes that are there can be continued by a later request. */
bool transfer_resumable(const struct transfer *t);
/* body.c: libcurl's callbacks, and the way of the bytes to the disk. */
size_t body_header_cb(char *line, size_t size, size_t n, void *arg);
size_t body_write_cb(char *bytes, size_t size, size_t n, void *arg);
/* Hands the buffer to the disk as WRITE; nothing when it is empty. */
void body_flush(struct transfer *t);
/* The network part is over, well or by t->verdict: what the disk still has to do, then FINISHED. */
void transfer_settle(struct transfer *t);
/* What the disk found: on with it. */
void transfer_looked(struct transfer *t, enum disk_kind kind, struct disk_task *task);
/* What holds when the name is taken. */
enum job_conflict transfer_conflict(const struct transfer *t);
/* Bytes that a later request can go on behind, and enough of them. */
bool transfer_worth_keeping(const struct transfer *t, int64_t bytes);
/* The next file knows its kind better. */
void transfer_forget_file(struct transfer *t);
/* FINISHED, unless something is still out at the disk. May free t. */
void transfer_tell(struct transfer *t);
/* A task that an end waits for has come back: on with it. */
void transfer_settled(struct transfer *t);
/* Posts a task of this transfer. */
void transfer_post(struct transfer *t, struct disk_task *task);
/* A file of the present generation, in the lane for its kind. False: no root has the directory; verdict set.
 */
bool transfer_need_file(struct transfer *t, bool small);
/* Bytes that are there belong to no one any more: a new generation begins at 0. */
void transfer_start_over(struct transfer *t);

/* ---- the worker's side */

const struct config *worker_config(const struct worker *worker);
struct disk *worker_disk(const struct worker *worker);
struct mailbox *worker_engine(const struct worker *worker);
/* The multi of this owner, made when there is none. */
struct multi *worker_multi(struct worker *worker, uid_t owner);
struct sockets *worker_sockets(const struct worker *worker);
/* A fresh easy handle, and back. secret: what the job alone may know was set in it, so it is not used again.
 */
CURL *worker_easy_get(struct worker *worker);
void worker_easy_put(struct worker *worker, CURL *easy, bool secret);
size_t worker_length(const struct worker *worker);
/* t takes no bytes: call transfer_unpause() when the disk has room, or at t->resume_usec. */
void worker_paused(struct worker *worker, struct transfer *t);
void worker_unpaused(struct worker *worker, struct transfer *t);
/* t has told its outcome and is about to be freed. */
void worker_forget(struct worker *worker, struct transfer *t);

#endif

/* The worker: its event_base, its multis (one an owner), its transfers. Owns nothing that another thread
 * looks at; all it knows of the world comes by its mailbox.
 */
#include "config.h"

#include "fetchd/transfer/worker.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "fetchd/engine/engine.h"
#include "fetchd/transfer/sockets.h"
#include "fetchd/transfer/split.h"
#include "fetchd/transfer/transfer.h"

#define TICK_USEC (250 * USEC_PER_MSEC)
/* How finely rate limits are kept, and how often the disk is asked for room. */
#define PACE_USEC (10 * USEC_PER_MSEC)
/* With nothing to do for this long, connections and caches go. */
#define IDLE_USEC      (30 * USEC_PER_SEC)
#define SPARE_EASY_MAX 64
/* Idle connections kept for reuse: as many as may run, within these. */
#define KEEP_MIN 64
#define KEEP_MAX 4096

TAILQ_HEAD(transfer_list, transfer);

struct worker {
	unsigned index;
	pthread_t thread;
	struct config *config;
	struct disk *disk;
	struct mailbox *engine, *control;
	struct mailbox mailbox;

	struct event_base *base;
	struct event *mail, *tick, *pace;
	struct sockets *sockets;
	struct multi **multis;
	size_t n_multis;
	struct transfer_list transfers;
	size_t n_transfers;
	struct transfer_list paused;
	int64_t pace_usec; /* when the timer of those comes; USEC_INFINITY: never */
	CURL *spare[SPARE_EASY_MAX];
	size_t n_spare;
	int64_t last_tick_usec;
	bool reported; /* the last report had entries */
	bool stopping;
};

int worker_global_init(void)
{
	/* libcurl would write the keys of every connection there. */
	unsetenv("SSLKEYLOGFILE");
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : -5;
}

void worker_global_done(void)
{
	curl_global_cleanup();
}

/* ---- what transfers ask of their worker */

const struct config *worker_config(const struct worker *worker)
{
	return worker->config;
}

struct disk *worker_disk(const struct worker *worker)
{
	return worker->disk;
}

struct mailbox *worker_engine(const struct worker *worker)
{
	return worker->engine;
}

struct mailbox *worker_mailbox(struct worker *worker)
{
	return &worker->mailbox;
}

struct sockets *worker_sockets(const struct worker *worker)
{
	return worker->sockets;
}

size_t worker_length(const struct worker *worker)
{
	return worker->n_transfers;
}

CURL *worker_easy_get(struct worker *worker)
{
	CURL *easy = worker->n_spare ? worker->spare[--worker->n_spare] : curl_easy_init();

	if (!easy)
		abort();
	return easy;
}

void worker_easy_put(struct worker *worker, CURL *easy, bool secret)
{
	/* Cookies survive curl_easy_reset(3). */
	if (secret || worker->n_spare == SPARE_EASY_MAX) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	worker->spare[worker->n_spare++] = easy;
}

static void on_curl_done(CURL *easy, CURLcode result, void *arg)
{
	struct transfer *t = NULL;

	(void)arg;
	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
	assert(t && t->magic == TRANSFER_MAGIC);
	transfer_curl_done(t, result);
}

static long keep_connections(const struct worker *worker)
{
	int64_t n = worker->config->max_active;

	return (long)(n < KEEP_MIN ? KEEP_MIN : n > KEEP_MAX ? KEEP_MAX : n);
}

struct multi *worker_multi(struct worker *worker, uid_t owner)
{
	for (size_t i = 0; i < worker->n_multis; i++)
		if (multi_owner(worker->multis[i]) == owner && !multi_retired(worker->multis[i]))
			return worker->multis[i];
	worker->multis = xreallocarray(worker->multis, worker->n_multis + 1, sizeof(struct multi *));
	worker->multis[worker->n_multis] =
		multi_new(worker->base, owner, keep_connections(worker), on_curl_done, worker);
	return worker->multis[worker->n_multis++];
}

static void arm(struct event *event, int64_t usec)
{
	struct timeval tv = {.tv_sec = usec / USEC_PER_SEC, .tv_usec = usec % USEC_PER_SEC};

	evtimer_add(event, &tv);
}

static int64_t wanted_usec(const struct transfer *t)
{
	return t->pause & PAUSE_DISK ? 0 : t->resume_usec;
}

/* The timer comes no later than at_usec, but not at once. */
static void pace_at(struct worker *worker, int64_t at_usec)
{
	int64_t now = clock_boot_usec();

	if (at_usec < now + PACE_USEC)
		at_usec = now + PACE_USEC;
	if (at_usec >= worker->pace_usec)
		return;
	worker->pace_usec = at_usec;
	arm(worker->pace, at_usec - now);
}

void worker_paused(struct worker *worker, struct transfer *t)
{
	TAILQ_INSERT_TAIL(&worker->paused, t, paused_link);
	pace_at(worker, wanted_usec(t));
}

void worker_unpaused(struct worker *worker, struct transfer *t)
{
	TAILQ_REMOVE(&worker->paused, t, paused_link);
}

void worker_forget(struct worker *worker, struct transfer *t)
{
	TAILQ_REMOVE(&worker->transfers, t, link);
	worker->n_transfers--;
	if (worker->n_transfers == 0 && worker->stopping)
		event_base_loopbreak(worker->base);
}

/* ---- time */

static void report(struct worker *worker)
{
	struct progress_report *r;
	struct transfer *t;

	if (worker->n_transfers == 0 && !worker->reported)
		return;
	r = xcalloc(1, sizeof(*r) + worker->n_transfers * sizeof(r->entries[0]));
	r->msg.kind = CONTROL_PROGRESS;
	r->worker = worker->index;
	TAILQ_FOREACH(t, &worker->transfers, link) {
		r->entries[r->n++] = (struct progress_entry){
			.job_id = t->job->id,
			.received = transfer_received(t),
			.size = t->job->size,
			.speed = t->speed > 0 ? t->speed : 0,
			.disk_stalled_usec = t->tasks && t->file ? disk_stalled_usec(t->file) : 0,
		};
	}
	worker->reported = r->n > 0;
	mailbox_post(worker->control, &r->msg);
}

static void free_retired(struct worker *worker)
{
	size_t kept = 0;

	for (size_t i = 0; i < worker->n_multis; i++) {
		struct multi *multi = worker->multis[i];

		if (multi_retired(multi) && multi_empty(multi))
			multi_free(multi);
		else
			worker->multis[kept++] = multi;
	}
	worker->n_multis = kept;
}

static void retire_all(struct worker *worker)
{
	for (size_t i = 0; i < worker->n_multis; i++)
		multi_retire(worker->multis[i]);
	free_retired(worker);
}

static void let_go(struct worker *worker)
{
	for (size_t i = 0; i < worker->n_multis; i++)
		multi_free(worker->multis[i]);
	free(worker->multis);
	worker->multis = NULL;
	worker->n_multis = 0;
	while (worker->n_spare)
		curl_easy_cleanup(worker->spare[--worker->n_spare]);
	disk_trim(worker->disk);
	alloc_trim();
}

/* Every quarter of a second while transfers run; once more when they have ended, to let go of what they left.
 */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	int64_t now = clock_boot_usec(), dt = now - worker->last_tick_usec;
	struct transfer *t, *next;

	(void)fd;
	(void)what;
	if (worker->n_transfers == 0 && !worker->reported) {
		let_go(worker);
		return;
	}
	for (t = TAILQ_FIRST(&worker->transfers); t; t = next) {
		next = TAILQ_NEXT(t, link);
		transfer_tick(t, now, dt);
	}
	free_retired(worker);
	report(worker);
	worker->last_tick_usec = now;
	arm(worker->tick, worker->n_transfers ? TICK_USEC : IDLE_USEC);
}

/* Those that wait go on, each at most once a round: one that pauses again goes to the end of the list. */
static void on_pace(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	int64_t now = clock_boot_usec();
	struct transfer_list round = TAILQ_HEAD_INITIALIZER(round);
	struct transfer *t;
	size_t n = 0;

	(void)fd;
	(void)what;
	worker->pace_usec = USEC_INFINITY;
	TAILQ_FOREACH(t, &worker->paused, paused_link)
		n++;
	while (n-- && (t = TAILQ_FIRST(&worker->paused))) {
		TAILQ_REMOVE(&worker->paused, t, paused_link);
		TAILQ_INSERT_TAIL(&worker->paused, t, paused_link);
		transfer_unpause(t, now);
	}
	TAILQ_FOREACH(t, &worker->paused, paused_link)
		pace_at(worker, wanted_usec(t));
}

/* ---- mail */

static void start(struct worker *worker, struct worker_start *msg)
{
	struct transfer *t = transfer_new(worker, msg);

	free(msg);
	if (worker->n_transfers == 0) {
		worker->last_tick_usec = clock_boot_usec();
		arm(worker->tick, TICK_USEC);
	}
	TAILQ_INSERT_TAIL(&worker->transfers, t, link);
	worker->n_transfers++;
	transfer_begin(t);
}

static struct transfer *find(struct worker *worker, int64_t job_id, int64_t attempt)
{
	struct transfer *t;

	TAILQ_FOREACH(t, &worker->transfers, link) {
		if (t->job->id == job_id && t->attempt == attempt)
			break;
	}
	return t;
}

static void cancel(struct worker *worker, const struct worker_cancel *msg)
{
	struct transfer *t = find(worker, msg->job_id, msg->attempt);

	if (t)
		transfer_cancel(t, msg->discard);
}

static void limit(struct worker *worker, const struct worker_limit *msg)
{
	struct transfer *t = find(worker, msg->job_id, msg->attempt);

	if (t)
		rate_set(t->limits.rates[RATE_JOB], msg->bytes_per_sec);
}

static void split(struct worker *worker, const struct worker_split *msg)
{
	struct transfer *t = find(worker, msg->job_id, msg->attempt);

	if (t)
		split_allow(t, msg->n, msg->seq);
}

/* Connections that are kept may be dead, and those in use whose address is gone are: their jobs go on from
 * another, and that is no attempt of theirs. */
static void network_changed(struct worker *worker)
{
	struct transfer *t, *next;

	retire_all(worker);
	for (t = TAILQ_FIRST(&worker->transfers); t; t = next) {
		next = TAILQ_NEXT(t, link);
		transfer_network_changed(t);
	}
}

static void tune(struct worker *worker, struct config *config)
{
	struct transfer *t;

	config_unref(worker->config);
	worker->config = config;
	TAILQ_FOREACH(t, &worker->transfers, link)
		transfer_tune(t);
	/* The address policy is asked when a connection is made, not when it is used again. */
	retire_all(worker);
}

static void stop(struct worker *worker)
{
	struct transfer *t, *next;

	worker->stopping = true;
	if (worker->n_transfers == 0)
		event_base_loopbreak(worker->base);
	for (t = TAILQ_FIRST(&worker->transfers); t; t = next) {
		next = TAILQ_NEXT(t, link);
		transfer_cancel(t, false);
	}
}

/* The disk has given room back: whoever waits for it tries again. */
static void disk_done(struct worker *worker, struct disk_task *task)
{
	struct transfer *t = task->owner;

	transfer_disk_done(t, task);
	if (!TAILQ_EMPTY(&worker->paused))
		on_pace(-1, 0, worker);
}

static void receive(struct worker *worker, struct msg *msg)
{
	switch (msg->kind) {
	case WORKER_START: start(worker, (struct worker_start *)msg); return;
	case WORKER_CANCEL: cancel(worker, (struct worker_cancel *)msg); break;
	case WORKER_TUNE: tune(worker, ((struct worker_tune *)msg)->config); break;
	case WORKER_LIMIT: limit(worker, (struct worker_limit *)msg); break;
	case WORKER_SPLIT: split(worker, (struct worker_split *)msg); break;
	case WORKER_STOP: stop(worker); break;
	case WORKER_NETWORK: network_changed(worker); break;
	default: disk_done(worker, (struct disk_task *)msg); return;
	}
	free(msg);
}

static void on_mail(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	struct msg *msg;

	(void)fd;
	(void)what;
	mailbox_take(&worker->mailbox, &list, 0);
	while ((msg = STAILQ_FIRST(&list))) {
		STAILQ_REMOVE_HEAD(&list, link);
		receive(worker, msg);
	}
}

/* ---- the thread */

static void *worker_main(void *arg)
{
	struct worker *worker = arg;
	char name[16];

	snprintf(name, sizeof(name), "worker-%u", worker->index);
	pthread_setname_np(pthread_self(), name);
	event_base_dispatch(worker->base);
	let_go(worker);
	return NULL;
}

static void worker_free(struct worker *worker)
{
	if (worker->mail)
		event_free(worker->mail);
	if (worker->tick)
		event_free(worker->tick);
	if (worker->pace)
		event_free(worker->pace);
	if (worker->base)
		event_base_free(worker->base);
	sockets_free(worker->sockets);
	mailbox_done(&worker->mailbox);
	config_unref(worker->config);
	free(worker);
}

static struct event_base *base_new(void)
{
	struct event_config *cfg = event_config_new();
	struct event_base *base;

	/* Each base stays in its thread. */
	event_config_set_flag(cfg, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(cfg);
	event_config_free(cfg);
	return base;
}

struct worker *worker_start(const struct worker_setup *setup, char **ret_error)
{
	struct worker *worker = xcalloc(1, sizeof(*worker));
	int err = mailbox_init(&worker->mailbox);

	worker->index = setup->index;
	worker->config = config_ref(setup->config);
	worker->disk = setup->disk;
	worker->engine = setup->engine;
	worker->control = setup->control;
	worker->sockets = sockets_new();
	TAILQ_INIT(&worker->transfers);
	TAILQ_INIT(&worker->paused);
	worker->pace_usec = USEC_INFINITY;
	worker->base = err ? NULL : base_new();
	if (worker->base) {
		worker->mail = event_new(
			worker->base, mailbox_fd(&worker->mailbox), EV_READ | EV_PERSIST, on_mail, worker);
		worker->tick = evtimer_new(worker->base, on_tick, worker);
		worker->pace = evtimer_new(worker->base, on_pace, worker);
		event_add(worker->mail, NULL);
		err = pthread_create(&worker->thread, NULL, worker_main, worker);
	}
	if (!worker->base || err) {
		*ret_error = xasprintf("cannot start worker %u: %s", setup->index,
			strerror(err < 0 ? -err
				 : err	 ? err
					 : 12));
		worker_free(worker);
		return NULL;
	}
	return worker;
}

void worker_join(struct worker *worker)
{
	if (!worker)
		return;
	pthread_join(worker->thread, NULL);
	worker_free(worker);
}

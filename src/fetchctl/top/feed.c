/* Feed: owns the connections and the calls under way. Answers come in the order of calls, so that a queue of
 * what was asked says what each is.
 */
#include "config.h"

#include "fetchctl/top/feed.h"

#include <assert.h>
#include <string.h>
#include <sys/queue.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "fetchctl/call.h"
#include "fetchctl/link.h"
#include "fetchctl/place.h"
#include "fetchctl/top/asks.h"

/* A Status that does not come for so long is told. */
#define SILENCE_USEC (4 * USEC_PER_SEC)
/* Between two attempts to connect; doubles. */
#define RETRY_LEAST_USEC (USEC_PER_SEC / 4)
#define RETRY_MOST_USEC	 (5 * USEC_PER_SEC)
struct ask {
	enum ask_kind kind;
	char *done; /* of a change */
	STAILQ_ENTRY(ask) link;
};
STAILQ_HEAD(ask_queue, ask);

struct feed {
	struct ctl *ctl;
	struct model *model;
	struct link *links[FEED_LINKS];
	struct ask_queue asked[FEED_LINKS];
	bool pending[ASK_N];	   /* asked, not answered yet */
	int64_t asked_usec[ASK_N]; /* when, last; 0: never, or at once again */
	struct rows coming;	   /* of the pages so far */
	int64_t failures_seen;	   /* the count that the failures are of */
	/* while the daemon is away */
	bool lost;
	int64_t retry_usec; /* the next attempt */
	int64_t backoff_usec;
	/* what is to be told */
	char *news;
	bool news_bad;
};

static size_t link_of(enum ask_kind kind)
{
	return kind == ASK_STATUS ? 0 : 1;
}

/* ---- life and loss ------------------------------------------------------------------------------- */

struct feed *feed_new(struct ctl *ctl, struct model *model)
{
	struct feed *feed = xcalloc(1, sizeof(*feed));

	feed->ctl = ctl;
	feed->model = model;
	feed->links[0] = ctl->link;
	ctl->link = NULL;
	for (size_t i = 0; i < FEED_LINKS; i++)
		STAILQ_INIT(&feed->asked[i]);
	return feed;
}

static void forget_first(struct feed *feed, size_t i)
{
	struct ask *ask = STAILQ_FIRST(&feed->asked[i]);

	STAILQ_REMOVE_HEAD(&feed->asked[i], link);
	feed->pending[ask->kind] = false;
	free(ask->done);
	free(ask);
}

static void hang_up(struct feed *feed)
{
	for (size_t i = 0; i < FEED_LINKS; i++) {
		link_close(feed->links[i]);
		feed->links[i] = NULL;
		while (!STAILQ_EMPTY(&feed->asked[i]))
			forget_first(feed, i);
	}
	rows_done(&feed->coming);
}

void feed_free(struct feed *feed)
{
	if (!feed)
		return;
	hang_up(feed);
	free(feed->news);
	free(feed);
}

static void lose(struct feed *feed)
{
	hang_up(feed);
	if (!feed->lost)
		feed->backoff_usec = RETRY_LEAST_USEC;
	else if (feed->backoff_usec < RETRY_MOST_USEC)
		feed->backoff_usec *= 2;
	feed->lost = true;
	feed->retry_usec = clock_boot_usec() + feed->backoff_usec;
	model_lost(feed->model);
}

static void connect_again(struct feed *feed)
{
	int error;

	for (size_t i = 0; i < FEED_LINKS; i++)
		if (!feed->links[i])
			feed->links[i] = link_open(feed->ctl->place->socket, &error);
	if (!feed->links[0] || !feed->links[1])
		lose(feed);
	else
		feed_refresh(feed);
}

/* ---- asking -------------------------------------------------------------------------------------- */

/* Takes params. */
static void ask(struct feed *feed, enum ask_kind kind, const char *method, json_t *params, const char *done)
{
	size_t i = link_of(kind);
	struct ask *asked;

	/* A connection may have been lost with the call before. */
	if (!feed->links[i]) {
		json_decref(params);
		return;
	}
	asked = xcalloc(1, sizeof(*asked));
	asked->kind = kind;
	asked->done = xstrdup_null(done);
	STAILQ_INSERT_TAIL(&feed->asked[i], asked, link);
	feed->pending[kind] = true;
	feed->asked_usec[kind] = clock_boot_usec();
	if (!link_send_call(
		    feed->links[i], method, params ? params : json_object(), kind != ASK_STATUS && !done))
		lose(feed);
}

/* When kind is to be asked for. */
static int64_t due(const struct feed *feed, enum ask_kind kind)
{
	int64_t wait = asks_interval_usec(kind, feed->model, feed->failures_seen);

	if (feed->pending[kind] || wait == USEC_INFINITY)
		return USEC_INFINITY;
	return feed->asked_usec[kind] > 0 ? feed->asked_usec[kind] + wait : 0;
}

static void ask_for(struct feed *feed, enum ask_kind kind)
{
	if (kind == ASK_FAILURES)
		feed->failures_seen = feed->model->daemon.counts[JOB_FAILED];
	ask(feed, kind, asks_method(kind), asks_params(kind, &feed->model->only), NULL);
}

void feed_refresh(struct feed *feed)
{
	memset(feed->asked_usec, 0, sizeof(feed->asked_usec));
}

void feed_change(struct feed *feed, const char *method, json_t *params, const char *done)
{
	assert(done);
	if (feed->lost) {
		json_decref(params);
		str_set(&feed->news, "not done: fetchd is away");
		feed->news_bad = true;
		return;
	}
	ask(feed, ASK_CHANGE, method, params, done);
}

/* ---- answers ------------------------------------------------------------------------------------- */

static void tell(struct feed *feed, bool bad, char *text)
{
	free(feed->news);
	feed->news = text_escape(text);
	feed->news_bad = bad;
	free(text);
}

static void take_change(struct feed *feed, const struct ask *asked, const json_t *parameters)
{
	const json_t *changed = json_object_get(parameters, "changed");
	long long n = (long long)json_integer_value(changed);

	if (json_is_integer(changed))
		tell(feed, false, xasprintf("%lld job%s %s", n, n == 1 ? "" : "s", asked->done));
	else
		tell(feed, false, xstrdup(asked->done));
	feed_refresh(feed);
}

static void take_page(struct feed *feed, enum ask_kind kind, const json_t *parameters, bool last)
{
	static const enum view views[ASK_N] = {
		[ASK_HOSTS] = VIEW_HOSTS, [ASK_QUEUE] = VIEW_QUEUE, [ASK_FAILURES] = VIEW_FAILURES};

	if (kind == ASK_HOSTS)
		rows_add_hosts(&feed->coming, json_object_get(parameters, "hosts"), &feed->model->only);
	else
		rows_add_jobs(&feed->coming, json_object_get(parameters, "jobs"), &feed->model->only);
	if (last)
		model_take_rows(feed->model, views[kind], &feed->coming);
}

static void take_problem(struct feed *feed, enum ask_kind kind, const struct problem *problem)
{
	rows_done(&feed->coming);
	/* Rows are asked for again soon anyway. */
	if (kind == ASK_CHANGE || problem->status != STATUS_TRY_AGAIN)
		tell(feed, true, xstrdup(problem->message));
}

static void take_answer(struct feed *feed, size_t i, const json_t *reply)
{
	const struct ask *asked = STAILQ_FIRST(&feed->asked[i]);
	const json_t *parameters = reply_parameters(reply);
	bool last = !reply_continues(reply);

	switch (asked->kind) {
	case ASK_STATUS:
		feed->lost = false;
		model_take_status(feed->model, parameters, clock_boot_usec());
		break;
	case ASK_HOSTS:
	case ASK_QUEUE:
	case ASK_FAILURES: take_page(feed, asked->kind, parameters, last); break;
	case ASK_CHANGE: take_change(feed, asked, parameters); break;
	}
	if (last)
		forget_first(feed, i);
}

static void take_reply(struct feed *feed, size_t i, const json_t *reply)
{
	struct problem problem;

	if (STAILQ_EMPTY(&feed->asked[i])) {
		lose(feed);
		return;
	}
	if (!reply_problem(reply, &problem)) {
		take_answer(feed, i, reply);
		return;
	}
	take_problem(feed, STAILQ_FIRST(&feed->asked[i])->kind, &problem);
	problem_done(&problem);
	forget_first(feed, i);
}

/* Everything that has come on a connection. */
static bool drain(struct feed *feed, size_t i)
{
	bool changed = false;

	while (feed->links[i]) {
		json_t *reply = NULL;

		switch (link_next(feed->links[i], 0, NULL, &reply)) {
		case LINK_REPLY: take_reply(feed, i, reply); break;
		case LINK_LOST:
		case LINK_GARBAGE: lose(feed); break;
		case LINK_TIMEOUT:
		case LINK_SIGNAL: return changed;
		}
		json_decref(reply);
		changed = true;
	}
	return changed;
}

/* ---- the loop's side ----------------------------------------------------------------------------- */

size_t feed_polls(const struct feed *feed, struct pollfd polls[FEED_LINKS])
{
	size_t n = 0;

	for (size_t i = 0; i < FEED_LINKS; i++)
		if (feed->links[i])
			polls[n++] = (struct pollfd){.fd = link_fd(feed->links[i]), .events = POLLIN};
	return n;
}

bool feed_step(struct feed *feed)
{
	int64_t now = clock_boot_usec();
	bool changed = false;

	for (size_t i = 0; i < FEED_LINKS; i++)
		changed |= drain(feed, i);
	if ((!feed->links[0] || !feed->links[1]) && now >= feed->retry_usec) {
		connect_again(feed);
		changed = true;
	}
	for (enum ask_kind kind = 0; kind < ASK_N; kind++)
		if (feed->links[0] && feed->links[1] && due(feed, kind) <= now)
			ask_for(feed, kind);
	return changed;
}

int64_t feed_due_usec(const struct feed *feed)
{
	int64_t first = USEC_INFINITY;

	if (!feed->links[0] || !feed->links[1])
		return feed->retry_usec;
	for (enum ask_kind kind = 0; kind < ASK_N; kind++)
		if (due(feed, kind) < first)
			first = due(feed, kind);
	return first;
}

char *feed_news(struct feed *feed, bool *ret_bad)
{
	char *news = feed->news;

	feed->news = NULL;
	*ret_bad = feed->news_bad;
	return news;
}

char *feed_trouble(const struct feed *feed)
{
	int64_t now = clock_boot_usec(), silent = now - feed->model->daemon.at_usec;
	int64_t left =
		feed->retry_usec > now ? (feed->retry_usec - now + USEC_PER_SEC - 1) / USEC_PER_SEC : 0;

	if (feed->lost && left > 1)
		return xasprintf("fetchd is away; trying again in %lld s", (long long)left);
	if (feed->lost)
		return xstrdup("fetchd is away; trying again");
	if (feed->model->daemon.at_usec > 0 && silent > SILENCE_USEC)
		return xasprintf("fetchd has not answered for %lld s", (long long)(silent / USEC_PER_SEC));
	return NULL;
}

/* Tick: how a running transfer gets on, four times a second: speed, stalls, time-outs, limits that came
 * meanwhile. Runs in the worker, never inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/transfer.h"

#include "base/clock.h"
#include "fetchd/transfer/split.h"
#include "job/classify.h"

/* So little may come as it likes: it is here before another request would be answered. */
#define HTTP2_LEFT_BYTES ((int64_t)1 << 20)
/* A partly filled buffer of a slow transfer goes to the disk after this long, and its room back to the
 * budget. */
#define BUFFER_AGE_USEC USEC_PER_SEC

static void measure(struct transfer *t, int64_t dt_usec)
{
	int64_t received = transfer_received(t);
	int64_t now_speed = dt_usec > 0 ? (received - t->report_offset) * USEC_PER_SEC / dt_usec : 0;

	t->report_offset = received;
	t->speed = t->speed < 0 ? now_speed : (t->speed * 7 + now_speed * 3) / 10;
}

static bool sending_done(const struct transfer *t)
{
	curl_off_t connected = 0;

	return curl_easy_getinfo(t->easy, CURLINFO_PRETRANSFER_TIME_T, &connected) == CURLE_OK &&
	       connected > 0;
}

static void judge_stall(struct transfer *t, int64_t now)
{
	int64_t limit = worker_config(t->worker)->stall_timeout_usec, quiet;

	if (t->pause || limit == USEC_INFINITY)
		return;
	/* Until the request is out, the connect time-out counts. */
	if (!sending_done(t))
		t->last_byte_usec = now;
	quiet = now - t->last_byte_usec;
	if (quiet <= limit)
		return;
	if (t->response.lines == 0)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_TIMEOUT", "no answer for %lld s",
			(long long)(quiet / USEC_PER_SEC));
	else
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_STALL", "no data for %lld s",
			(long long)(quiet / USEC_PER_SEC));
}

/* libcurl judges a time-out by what is set now, but wakes for the one that was set when it began. */
static void judge_times(struct transfer *t, int64_t now)
{
	const struct config *cfg = worker_config(t->worker);
	const struct job_options *o = &t->job->options;
	int64_t connect = o->connect_timeout_usec >= 0 ? o->connect_timeout_usec : cfg->connect_timeout_usec;
	int64_t most = o->max_time_usec >= 0 ? o->max_time_usec : cfg->max_time_usec;

	if (!t->retimed)
		return;
	if ((most > 0 && now - t->begun_usec > most) || (now - t->hop_usec > connect && !sending_done(t)))
		classify_curl(&t->verdict, CURLE_OPERATION_TIMEDOUT, NULL);
}

void transfer_tune(struct transfer *t)
{
	split_tune(t);
	if (t->phase != TRANSFER_RUN || !t->easy)
		return;
	request_set_times(t, worker_config(t->worker));
	t->retimed = true;
}

/* A trickle that never stalls would hold its slot for ever. A pause is ours, not the server's. */
static void judge_trickle(struct transfer *t, int64_t now)
{
	const struct config *cfg = worker_config(t->worker);
	int64_t got = t->offset - t->slow_offset, span = now - t->slow_since_usec;

	if (cfg->min_rate == 0 || t->pause || t->slow_since_usec == 0 || t->resume_usec > now) {
		t->slow_since_usec = now;
		t->slow_offset = t->offset;
		return;
	}
	if (span < cfg->min_rate_time_usec)
		return;
	if ((double)got * USEC_PER_SEC < (double)cfg->min_rate * (double)span)
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_STALL",
			"only %lld bytes in %lld s, which is under MinRate", (long long)got,
			(long long)(span / USEC_PER_SEC));
	t->slow_since_usec = now;
	t->slow_offset = t->offset;
}

/* A limit that came when it ran already, over a protocol that does not bear one (see set_protocol() of
 * request.c). It begins anew where it is, unless that would cost more than it is worth. */
static bool must_leave_http2(const struct transfer *t)
{
	long version = 0;

	if (!t->easy || !transfer_limited(t) ||
		curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version) != CURLE_OK ||
		version <= CURL_HTTP_VERSION_1_1)
		return false;
	if (t->job->size >= 0 && t->job->size - t->offset <= HTTP2_LEFT_BYTES)
		return false;
	return t->offset == 0 || transfer_resumable(t);
}

static void leave_http2(struct transfer *t)
{
	t->shed = true;
	verdict_set(&t->verdict, VERDICT_ABORTED, NULL, "stopped");
}

static void judge(struct transfer *t, int64_t now)
{
	judge_stall(t, now);
	judge_times(t, now);
	judge_trickle(t, now);
	if (t->verdict.class == VERDICT_OK && must_leave_http2(t))
		leave_http2(t);
}

/* Of several connections the others may go on. */
static void stop(struct transfer *t)
{
	if (t->split)
		hop_leave(t);
	if (!split_own_ended(t))
		transfer_settle(t);
}

void transfer_tick(struct transfer *t, int64_t now_usec, int64_t dt_usec)
{
	if (t->phase == TRANSFER_RUN && !t->whole)
		split_tick(t, now_usec, dt_usec);
	if (t->phase != TRANSFER_RUN)
		return;
	measure(t, dt_usec);
	/* Of a file that parts are still fetching it may have nothing to do. */
	if (t->easy)
		judge(t, now_usec);
	if (t->verdict.class != VERDICT_OK) {
		stop(t);
		return;
	}
	if (t->buffer && t->buffer->used && now_usec - t->buffer_usec > BUFFER_AGE_USEC)
		body_flush(t);
	if (!t->whole)
		transfer_checkpoint(t, now_usec);
}

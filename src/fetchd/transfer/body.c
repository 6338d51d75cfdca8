/* Body: libcurl's callbacks, and the way of the bytes into buffers and to the disk. Runs in the worker,
 * inside libcurl: it must not call libcurl.
 */
#include "config.h"

#include "fetchd/transfer/split.h"
#include "fetchd/transfer/transfer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/units.h"
#include "fetchd/transfer/tls.h"
#include "job/digest.h"
#include "job/disposition.h"
#include "job/name.h"
#include "job/retry.h"

#define BUFFER_FIRST ((size_t)16 * 1024)
#define BUFFER_SMALL ((int64_t)64 * 1024)
/* On their way to the disk at once, one transfer: the disk is busy while the network fills the next ones. */
#define WRITES_MAX 16
/* A body that is not ours (error page, redirect) is read so far for the sake of the connection. */
#define SWALLOW_MAX ((size_t)64 * 1024)

/* A nonce may be too old once or twice, not always. */
#define CHALLENGES_MAX 4

/* ---- heads */

/* What the server says that the bytes hash to: of the whole, or of what this response brings. */
static void adopt_digests(struct transfer *t)
{
	const struct response *r = &t->response;
	char *part = r->content_digest ? digest_from_field(r->content_digest) : NULL;

	if (t->answer == GATE_START) {
		char *whole = gate_whole_digest(r);

		/* Without ranges in play both are about the same bytes. */
		free(t->job->digest);
		t->job->digest = whole ? whole : xstrdup_null(part);
		free(part);
		part = xstrdup_null(t->job->digest);
	} else if (t->tail_n || t->split) {
		/* It covers bytes that are compared, not written; or others come in between. */
		free(part);
		part = NULL;
	}
	free(t->part_digest);
	t->part_digest = part;
}

static void adopt_name(struct transfer *t)
{
	char *name;

	if (!t->job->options.remote_name || !t->response.content_disposition)
		return;
	name = disposition_name(t->response.content_disposition);
	if (!name)
		return;
	free(t->job->name);
	t->job->name = name;
}

static void adopt_validators(struct transfer *t)
{
	const struct response *r = &t->response;
	struct job *job = t->job;

	job->validator = gate_validator(r->etag, r->last_modified, r->date);
	str_set(&job->etag, r->etag);
	str_set(&job->last_modified, r->last_modified);
	str_set(&job->encoded, r->content_encoding);
	if (r->content_encoding)
		transfer_note(
			t, "the server sent an encoded form though none was asked for; kept as it came");
}

static void watch_end(struct transfer *t)
{
	long version = 0;

	curl_easy_getinfo(t->easy, CURLINFO_HTTP_VERSION, &version);
	if (t->job->size >= 0 || t->response.has_transfer_encoding || strncmp(t->url, "https:", 6) != 0 ||
		version > CURL_HTTP_VERSION_1_1)
		return;
	t->ends_with_tls = true;
	tls_watch_end(t->easy, &t->tls_closed);
}

static void body_adopt(struct transfer *t, const struct gate_result *result)
{
	struct job *job = t->job;

	if (t->answer == GATE_START && (t->offset > 0 || t->tail || t->split))
		transfer_start_over(t);
	/* Its bytes come in order, and nobody has joined in yet. */
	if (t->answer == GATE_START)
		split_free(t);
	job->size = result->size;
	t->accepted = true;
	t->ranged = t->response.status == 206 || t->response.accepts_ranges;
	if (t->answer == GATE_START) {
		t->record->offset = 0;
		adopt_validators(t);
	} else if (t->tail_n) {
		job->integrity = JOB_INTEGRITY_UNVERIFIED;
	}
	adopt_digests(t);
	adopt_name(t);
	watch_end(t);
	t->slow_since_usec = clock_boot_usec();
	t->slow_offset = t->offset;
}

/* It would be more than its user may have on the disk. */
static void hold_for_quota(struct transfer *t, int64_t size)
{
	char whole[UNITS_MAX], most[UNITS_MAX];

	t->answer = GATE_REFUSE;
	if (t->offset == 0)
		t->job->size = size;
	verdict_set(&t->verdict, VERDICT_HELD, "E_QUOTA",
		"the file has %s, and MaxDiskPerUser leaves room for %s", units_format_size(whole, size),
		units_format_size(most, t->most_bytes > 0 ? t->most_bytes : 0));
	t->verdict.held_for = JOB_WAIT_QUOTA;
}

/* What the rules made of the answer, beyond yes and no. */
void body_apply(struct transfer *t, const struct gate_result *result)
{
	if (result->note)
		transfer_note(t, result->note);
	if (result->changed)
		t->job->changes++;
	if (result->range_fault) {
		t->job->range_faults++;
		/* The second one: never again a range, for this job. */
		if (t->verdict.class == VERDICT_RESTART)
			t->job->no_ranges = true;
	}
	if ((t->answer == GATE_APPEND || t->answer == GATE_START) && result->size > t->most_bytes)
		hold_for_quota(t, result->size);
	if (t->answer == GATE_APPEND || t->answer == GATE_START)
		body_adopt(t, result);
	else if (t->answer == GATE_COMPLETE && t->job->size < 0)
		t->job->size = result->size;
}

bool body_is_part(const struct transfer *t)
{
	return t->whole || (t->split && t->accepted);
}

/* What suits a whole file only is a refusal. No range that makes no sense ends the others, whose answers are
 * good; but it is counted, and the job's next attempt goes over one connection. */
static void judge_part(struct transfer *t, const struct gate_result *result)
{
	bool refused = t->answer == GATE_REFUSE, fault;

	if (t->answer == GATE_APPEND || t->answer == GATE_REDIRECT)
		return;
	t->answer = GATE_REFUSE;
	fault = !result->changed && (!refused || t->verdict.class == VERDICT_RESTART || result->range_fault);
	if (result->changed)
		transfer_whole(t)->job->changes++;
	if (fault)
		transfer_whole(t)->job->range_faults++;
	if (refused && fault)
		t->verdict.class = VERDICT_TRANSIENT;
	if (refused)
		return;
	t->verdict.most_restarts = GATE_CHANGES_MAX;
	if (result->changed)
		verdict_set(&t->verdict, VERDICT_RESTART, "E_CHANGED", "the file changed on the server");
	else
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_RANGE",
			"the server sent something else than the part that was asked for");
}

static bool is_plain_http(const struct transfer *t)
{
	return strncmp(t->job->url, "http:", 5) == 0 && strncmp(t->url, "http:", 5) == 0;
}

void body_judge(struct transfer *t)
{
	struct job *job = t->job;
	const struct response *r = &t->response;
	bool timed = job->options.if_newer_usec >= 0, some = t->offset > 0 || t->asked_until < INT64_MAX;
	CLEANUP_FREE char *url_name = name_from_url(job->url);
	struct gate_request q = {
		.offset = t->offset,
		.overlap = (int64_t)t->tail_n,
		.until = t->asked_until < INT64_MAX ? t->asked_until : 0,
		.size = some ? job->size : -1,
		.etag = some ? job->etag : NULL,
		.last_modified = some ? job->last_modified : NULL,
		.validator = job->validator,
		.digest = some ? job->digest : NULL,
		.range_faults = job->range_faults,
		.changes = job->changes,
		.max_size = job->options.max_filesize > 0 ? job->options.max_filesize : 0,
		.plain_http = is_plain_http(t),
		.foreign = t->foreign,
		.expects_binary = gate_names_binary(url_name),
		.conditional = !some && (t->conditional || timed),
		.have_etag = t->have_etag,
		.have_modified_sec = t->conditional ? t->have_modified_sec
				     : timed	    ? job->options.if_newer_usec / USEC_PER_SEC
						    : -1,
	};
	struct gate_result result;

	if (r->retry_after)
		t->verdict.retry_after_usec = retry_after_parse(r->retry_after, r->date, clock_wall_usec());
	t->answer = gate_judge(&q, r, &result, &t->verdict);
	t->judged = true;
	t->response.closed = true;
	t->swallowed = 0;
	job->http_status = r->status;
	if (t->verdict.class == VERDICT_OK)
		t->verdict.retry_after_usec = -1;
	if (body_is_part(t))
		judge_part(t, &result);
	else
		body_apply(t, &result);
}

/* libcurl answers a challenge itself, and again when its answer was too old for the server; what it does not
 * answer is judged when it gives up. */
static bool may_be_answered(struct transfer *t)
{
	const struct job_secrets *secrets = t->foreign ? NULL : t->job->secrets;

	return t->response.status == 401 && secrets && secrets->user &&
	       t->job->options.auth != JOB_AUTH_BASIC && ++t->challenges <= CHALLENGES_MAX;
}

size_t body_header_cb(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	t->last_byte_usec = clock_boot_usec();
	if (ftp_is(t->url)) {
		ftp_line(t, line, size * n);
		return size * n;
	}
	if (!response_line(&t->response, line, size * n)) {
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_HEADERS", "the server's header is too large");
		return 0;
	}
	if (t->response.complete && !t->judged && t->response.status >= 200 && !may_be_answered(t))
		body_judge(t);
	/* libcurl would never tire. */
	return t->challenges > CHALLENGES_MAX ? 0 : size * n;
}

/* ---- bytes */

bool transfer_need_file(struct transfer *t, bool small)
{
	struct disk_file_spec spec = {
		.job_id = t->job->id,
		.generation = t->job->generation,
		.edits = t->job->edits,
		.dir = t->job->dir,
		.checksum = t->job->options.checksum,
		/* A new part learns it with its first bytes. */
		.digest = t->phase == TRANSFER_LOOK ? t->job->digest : NULL,
		.small = small,
	};

	if (!t->file)
		t->file = disk_file_new(worker_disk(t->worker), &spec);
	if (!t->file)
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_DIR",
			"the directory is in none of DownloadRoots any more");
	return t->file != NULL;
}

void body_flush(struct transfer *t)
{
	struct disk_task *task;

	if (!t->buffer || t->buffer->used == 0 || !transfer_need_file(t, false))
		return;
	task = disk_task_new(DISK_WRITE, NULL, t, t->file);
	task->offset = t->posted;
	task->expect_size = t->job->size;
	task->buffer = t->buffer;
	task->digest = t->part_digest;
	t->part_digest = NULL;
	split_posted(t, t->posted, (int64_t)t->buffer->used);
	t->posted += (int64_t)t->buffer->used;
	t->buffer = NULL;
	t->writes++;
	transfer_post(t, task);
}

static size_t next_buffer_size(const struct transfer *t, size_t need)
{
	int64_t end = t->until < INT64_MAX ? t->until : t->job->size;
	int64_t left = end >= 0 ? end - t->offset : INT64_MAX;
	size_t size = t->grow ? t->grow : BUFFER_FIRST;

	/* A small file goes to the disk in one piece. */
	if (left >= 0 && left <= BUFFER_SMALL)
		size = (size_t)left;
	return size < need ? need : size;
}

/* A buffer with room for n bytes, at most what libcurl hands over at once. False: not now. */
static bool make_room(struct transfer *t, size_t n)
{
	if (t->buffer && t->buffer->size - t->buffer->used >= n)
		return true;
	if (t->writes >= WRITES_MAX || (t->file && disk_crowded(t->file)))
		return false;
	body_flush(t);
	if (t->buffer)
		return false;
	t->buffer = disk_buffer_new(worker_disk(t->worker), next_buffer_size(t, n));
	if (!t->buffer)
		return false;
	t->grow = t->buffer->size * 4 < DISK_BUFFER_MAX ? t->buffer->size * 4 : DISK_BUFFER_MAX;
	if (t->grow < BUFFER_FIRST)
		t->grow = BUFFER_FIRST;
	t->buffer_usec = t->last_byte_usec;
	return true;
}

static bool too_long(struct transfer *t, size_t n)
{
	int64_t max = t->job->options.max_filesize;

	if (max > 0 && t->offset + (int64_t)n > max) {
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_TOO_LARGE",
			"the file is larger than its job allows");
		return true;
	}
	if (t->job->size >= 0 && t->offset + (int64_t)n > t->job->size) {
		verdict_set(
			&t->verdict, VERDICT_RESTART, "E_OVERRUN", "the server sent more than it announced");
		return true;
	}
	return false;
}

static size_t pause_for(struct transfer *t, enum transfer_pause why)
{
	t->pause |= why;
	worker_paused(t->worker, t);
	return CURL_WRITEFUNC_PAUSE;
}

static size_t swallow(struct transfer *t, size_t n)
{
	t->swallowed += n;
	return t->swallowed <= SWALLOW_MAX ? n : 0;
}

/* The body repeats bytes that are here: the same, or another file. False: another. */
static bool repeats(struct transfer *t, const char *bytes, size_t n)
{
	if (memcmp(t->tail + t->tail_seen, bytes, n) == 0) {
		t->tail_seen += n;
		return true;
	}
	t->verdict.most_restarts = GATE_CHANGES_MAX;
	verdict_set(&t->verdict, ++t->job->changes > GATE_CHANGES_MAX ? VERDICT_PERMANENT : VERDICT_RESTART,
		"E_CHANGED", "the file changed on the server: bytes that are here already differ");
	return false;
}

static void take(struct transfer *t, const char *bytes, size_t n)
{
	struct transfer *whole = transfer_whole(t);

	memcpy(t->buffer->bytes + t->buffer->used, bytes, n);
	t->buffer->used += n;
	t->offset += (int64_t)n;
	whole->record->bytes += (int64_t)n;
	if (whole->split)
		whole->split->received += (int64_t)n;
}

size_t body_write_cb(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	int64_t now = clock_boot_usec(), wait;
	size_t again, ours;

	n *= size;
	if (!t->judged && ftp_is(t->url))
		ftp_judge(t);
	if (t->judged && t->answer == GATE_UNCHANGED)
		return 0; /* libcurl would read it to its end */
	if (!t->judged || (t->answer != GATE_APPEND && t->answer != GATE_START))
		return swallow(t, n);
	if (t->verdict.class != VERDICT_OK)
		return 0;
	again = t->tail_n - t->tail_seen < n ? t->tail_n - t->tail_seen : n;
	ours = n - again;
	/* The rest is another's by now: nothing more is read here. */
	if (t->until - t->offset < (int64_t)ours)
		ours = (size_t)(t->until - t->offset);
	if (too_long(t, ours))
		return 0;
	if (ours && !make_room(t, ours))
		return pause_for(t, PAUSE_DISK);
	wait = pace_spend(&transfer_whole(t)->limits, (int64_t)n, now);
	if (wait > 0) {
		t->resume_usec = now + wait;
		return pause_for(t, PAUSE_RATE);
	}
	if (again && !repeats(t, bytes, again))
		return 0;
	if (ours)
		take(t, bytes + again, ours);
	t->last_byte_usec = now;
	return t->offset >= t->until && t->until < t->asked_until ? 0 : n;
}

/* Body: libcurl's callbacks, and the way of the bytes into buffers and to the disk. Runs in the worker,
 * inside libcurl: it must not call libcurl.
 */
#include "config.h"

#include "fetchd/transfer/transfer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"

#define BUFFER_FIRST ((size_t)16 * 1024)
#define BUFFER_SMALL ((int64_t)64 * 1024)
/* On their way to the disk at once, one transfer: the disk is busy while the network fills the next ones. */
#define WRITES_MAX 16
/* A body that is not ours (error page, redirect) is read so far for the sake of the connection. */
#define SWALLOW_MAX ((size_t)64 * 1024)

/* ---- heads */

static void adopt(struct transfer *t, int64_t size)
{
	const struct response *r = &t->response;
	const char *validator = gate_validator(r->etag, r->last_modified, r->date);
	struct job *job = t->job;

	if (t->answer == GATE_START && t->offset > 0)
		transfer_start_over(t);
	job->size = size;
	job->http_status = r->status;
	/* Only what can prove sameness is kept; encoded forms have no ranges worth asking for. */
	str_set(&job->etag, validator == r->etag && !r->content_encoding ? r->etag : NULL);
	str_set(&job->last_modified,
		validator == r->last_modified && !r->content_encoding ? r->last_modified : NULL);
}

static void judge(struct transfer *t)
{
	struct job *job = t->job;
	struct gate_request q = {
		.offset = t->offset,
		.size = t->offset > 0 ? job->size : -1,
		.etag = job->etag,
		.last_modified = job->last_modified,
		.max_size = job->options.max_filesize > 0 ? job->options.max_filesize : 0,
	};
	int64_t size = -1;

	t->answer = gate_judge(&q, &t->response, &size, &t->verdict);
	t->judged = true;
	t->swallowed = 0;
	if (t->answer == GATE_APPEND || t->answer == GATE_START)
		adopt(t, size);
	else
		job->http_status = t->response.status;
}

size_t body_header_cb(char *line, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (!response_line(&t->response, line, size * n)) {
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_HEADERS", "the server's header is too large");
		return 0;
	}
	t->last_byte_usec = clock_boot_usec();
	if (t->response.complete && !t->judged && t->response.status >= 200)
		judge(t);
	return size * n;
}

/* ---- bytes */

bool transfer_need_file(struct transfer *t, bool small)
{
	struct disk_file_spec spec = {
		.job_id = t->job->id,
		.generation = t->job->generation,
		.dir = t->job->dir,
		.checksum = t->job->options.checksum,
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
	t->posted += (int64_t)t->buffer->used;
	t->buffer = NULL;
	t->writes++;
	transfer_post(t, task);
}

static size_t next_buffer_size(const struct transfer *t, size_t need)
{
	int64_t left = t->job->size >= 0 ? t->job->size - t->offset : INT64_MAX;
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
	if (t->writes >= WRITES_MAX)
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

static int64_t pace(struct transfer *t, size_t n, int64_t now)
{
	int64_t wait = rate_take(worker_total_rate(t->worker), (int64_t)n, now);
	int64_t host = rate_take(t->host_rate, (int64_t)n, now);
	int64_t own = rate_take(&t->own_rate, (int64_t)n, now);

	if (host > wait)
		wait = host;
	return own > wait ? own : wait;
}

static size_t swallow(struct transfer *t, size_t n)
{
	t->swallowed += n;
	return t->swallowed <= SWALLOW_MAX ? n : 0;
}

size_t body_write_cb(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	int64_t now = clock_boot_usec(), wait;

	n *= size;
	if (!t->judged || (t->answer != GATE_APPEND && t->answer != GATE_START))
		return swallow(t, n);
	if (too_long(t, n) || t->verdict.class != VERDICT_OK)
		return 0;
	if (t->resume_usec > now)
		return pause_for(t, PAUSE_RATE);
	if (!make_room(t, n))
		return pause_for(t, PAUSE_DISK);
	memcpy(t->buffer->bytes + t->buffer->used, bytes, n);
	t->buffer->used += n;
	t->offset += (int64_t)n;
	t->last_byte_usec = now;
	/* Bytes that are here are paid for afterwards: the next ones wait. */
	wait = pace(t, n, now);
	if (wait > 0)
		t->resume_usec = now + wait;
	return n;
}

/* Fuzz: the gate as a state machine. The bytes drive a job through attempts: each is a head made of pieces
 * and raw bytes, judged, and applied to a model of the part file as transfer/ does it. What must hold is
 * written here apart from the rules, over the lines of the head as they were sent.
 */
#include "config.h"

#include "fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "base/text.h"
#include "fetchd/transfer/gate.h"

#define ATTEMPTS_MAX 12
#define HEAD_MAX     2048

/* ---- input */

struct input {
	const uint8_t *at, *end;
};

static unsigned take(struct input *in)
{
	return in->at < in->end ? *in->at++ : 0;
}

/* ---- the job */

static const char *const dates[] = {"Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT",
	"Sun, 06 Nov 1994 09:49:37 GMT", "yesterday"};
static const char *const etags[] = {"\"a\"", "\"b\"", "W/\"a\"", "W/\"b\"", "a", ""};

static const char *const types[] = {"text/plain", "text/html", "multipart/byteranges; boundary=x"};

struct model {
	int64_t offset, size;
	char *etag, *last_modified, *digest;
	enum job_validator validator;
	bool encoded, no_ranges;
	int range_faults, changes;
	bool ended;
	/* The version of the file that the bytes are of; -1: the server has not said it by a strong ETag. */
	int version;
};

static void model_drop(struct model *m)
{
	str_set(&m->etag, NULL);
	str_set(&m->last_modified, NULL);
	str_set(&m->digest, NULL);
	m->offset = 0;
	m->size = -1;
	m->validator = JOB_VALIDATOR_NONE;
	m->encoded = false;
	m->version = -1;
}

/* As transfer.c and body.c ask: from the start, after the bytes, or with an overlap. */
static struct gate_request ask(struct model *m, struct input *in)
{
	unsigned flags = take(in);
	bool plain = m->validator == JOB_VALIDATOR_NONE;

	if (m->encoded || m->no_ranges || (plain && m->offset <= GATE_OVERLAP))
		m->offset = 0;
	return (struct gate_request){
		.offset = m->offset,
		.overlap = m->offset > 0 && plain ? GATE_OVERLAP : 0,
		.size = m->offset > 0 ? m->size : -1,
		.etag = m->offset > 0 ? m->etag : NULL,
		.last_modified = m->offset > 0 ? m->last_modified : NULL,
		.validator = m->validator,
		.digest = m->offset > 0 ? m->digest : NULL,
		.range_faults = m->range_faults,
		.changes = m->changes,
		.max_size = flags & 1 ? 1000 : 0,
		.plain_http = flags & 2,
		.foreign = flags & 4,
		.expects_binary = flags & 8,
		.conditional = m->offset == 0 && (flags & 16),
		.have_etag = flags & 32 ? etags[flags >> 6] : NULL,
		.have_modified_sec = flags & 64 ? 784111777 : -1,
	};
}

/* ---- the head */

struct head {
	char text[HEAD_MAX];
	size_t n;
};

static void add(struct head *h, const char *text, size_t n)
{
	if (n > sizeof(h->text) - h->n)
		n = sizeof(h->text) - h->n;
	memcpy(h->text + h->n, text, n);
	h->n += n;
}

__attribute__((format(printf, 2, 3))) static void add_line(struct head *h, const char *fmt, ...)
{
	char line[128];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	assert(n >= 0 && n < (int)sizeof(line));
	add(h, line, (size_t)n);
	add(h, "\r\n", 2);
}

static void add_status(struct head *h, struct input *in)
{
	static const int statuses[] = {206, 200, 416, 203, 204, 205, 100, 103, 301, 302, 303, 304, 307, 308,
		300, 400, 401, 403, 404, 410, 412, 417, 421, 429, 500, 503, 505, 511, 226, 202, 999, 0};

	add_line(h, "HTTP/1.1 %03d x", statuses[take(in) % ARRAY_LEN(statuses)]);
}

/* Numbers around those that would be right. */
static void add_range(struct head *h, const struct gate_request *q, struct input *in)
{
	int64_t total = q->size >= 0 ? q->size : 100000, first = q->offset - q->overlap;
	unsigned how = take(in), by = take(in);

	first += how & 1 ? (int64_t)by - 128 : 0;
	total += how & 2 ? (int64_t)by - 128 : 0;
	total = how & 4 ? q->offset : total;
	if (how & 8)
		add_line(h, "Content-Range: bytes */%lld", (long long)total);
	else if (how & 16)
		add_line(h, "Content-Range: bytes %lld-%lld/*", (long long)first, (long long)total - 1);
	else
		add_line(h, "Content-Range:%sbytes %lld-%lld/%lld", how & 32 ? "\t" : " ", (long long)first,
			(long long)total - 1 + (how & 64 ? 1 : 0) - (how & 128 ? 1 : 0), (long long)total);
}

static void add_length(struct head *h, const struct gate_request *q, struct input *in)
{
	int64_t total = q->size >= 0 ? q->size : 100000;
	unsigned how = take(in);

	if (how < 128)
		total -= q->offset - q->overlap;
	add_line(h, "Content-Length: %lld", (long long)total + (how & 1 ? how : 0));
}

static void add_raw(struct head *h, struct input *in)
{
	size_t n = take(in) % 64;

	if (n > (size_t)(in->end - in->at))
		n = (size_t)(in->end - in->at);
	add(h, (const char *)in->at, n);
	in->at += n;
}

static void make_head(struct head *h, const struct gate_request *q, struct input *in)
{
	h->n = 0;
	add_status(h, in);
	for (unsigned piece; (piece = take(in)) % 16 != 0;) {
		switch (piece % 16) {
		case 1:
		case 2: add_range(h, q, in); break;
		case 3: add_length(h, q, in); break;
		case 4: add_line(h, "ETag: %s", etags[take(in) % ARRAY_LEN(etags)]); break;
		case 5: add_line(h, "Last-Modified: %s", dates[take(in) % ARRAY_LEN(dates)]); break;
		case 6: add_line(h, "Date: %s", dates[take(in) % ARRAY_LEN(dates)]); break;
		case 7: add_line(h, "Content-Encoding: %s", take(in) & 1 ? "gzip" : "identity"); break;
		case 8: add_line(h, "Transfer-Encoding: %schunked", piece & 16 ? "gzip, " : ""); break;
		case 9: add_line(h, "Content-Type: %s", types[take(in) % ARRAY_LEN(types)]); break;
		case 10:
			add_line(h, "Repr-Digest: sha-256=:%s=:",
				take(in) & 1 ? "WJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgM"
					     : "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
			break;
		case 11: add_line(h, "%s", ""); break;
		case 12: add_status(h, in); break;
		default: add_raw(h, in); break;
		}
	}
	add_line(h, "%s", "");
}

/* ---- reading it again, apart from response.c */

/* A piece of the head, not terminated. */
struct span {
	const char *s;
	size_t n;
};

struct seen {
	int status;
	unsigned ranges, lengths, etags, dates;
	struct span range, etag, modified;
	int64_t length;
	bool encoded;
	bool doubtful; /* two etags */
	bool coded;    /* by more than chunks */
	bool multipart;
};

static bool is(struct span a, const char *text)
{
	return a.n == strlen(text) && memcmp(a.s, text, a.n) == 0;
}

/* INT64_MIN for what is none: no head that is taken has such a length. */
static int64_t number_of(struct span a)
{
	int64_t value = 0;

	for (size_t i = 0; i < a.n; i++)
		if (a.s[i] < '0' || a.s[i] > '9' || __builtin_mul_overflow(value, 10, &value) ||
			__builtin_add_overflow(value, a.s[i] - '0', &value))
			return INT64_MIN;
	return a.n > 0 ? value : INT64_MIN;
}

/* The value when line is the field called name. */
static bool is_field(struct span line, const char *name, struct span *ret)
{
	size_t n = strlen(name);

	if (line.n <= n || strncasecmp(line.s, name, n) != 0 || line.s[n] != ':')
		return false;
	*ret = (struct span){line.s + n + 1, line.n - n - 1};
	while (ret->n > 0 && (*ret->s == ' ' || *ret->s == '\t'))
		*ret = (struct span){ret->s + 1, ret->n - 1};
	while (ret->n > 0 && (ret->s[ret->n - 1] == ' ' || ret->s[ret->n - 1] == '\t'))
		ret->n--;
	return true;
}

static void read_line(struct seen *s, struct span line)
{
	struct span value;

	if (is_field(line, "content-range", &value)) {
		s->ranges++;
		s->range = value;
	} else if (is_field(line, "content-length", &value)) {
		s->lengths++;
		s->length = number_of(value);
	} else if (is_field(line, "etag", &value)) {
		s->doubtful =
			s->doubtful ||
			(s->etags > 0 && (value.n != s->etag.n || memcmp(value.s, s->etag.s, value.n) != 0));
		s->etags++;
		s->etag = value;
	} else if (is_field(line, "last-modified", &value)) {
		s->dates++;
		s->modified = value;
	} else if (is_field(line, "transfer-encoding", &value)) {
		s->coded = s->coded || value.n != 7 || strncasecmp(value.s, "chunked", 7) != 0;
	} else if (is_field(line, "content-type", &value)) {
		s->multipart = value.n >= 20 && strncasecmp(value.s, "multipart/byteranges", 20) == 0;
	} else if (is_field(line, "content-encoding", &value)) {
		s->encoded = s->encoded || value.n != 8 || strncasecmp(value.s, "identity", 8) != 0;
	}
}

/* Behind the first space: three digits, and a space or the end. */
static int status_of(struct span line)
{
	const char *at = memchr(line.s, ' ', line.n);
	size_t n = at ? (size_t)(line.s + line.n - at) - 1 : 0;

	if (n < 3 || at[1] < '1' || at[1] > '9' || at[2] < '0' || at[2] > '9' || at[3] < '0' || at[3] > '9' ||
		(n > 3 && at[4] != ' '))
		return 0;
	return (int)number_of((struct span){at + 1, 3});
}

/* The head that counts: the first complete one that is not interim. */
static struct seen read_head(const struct head *h)
{
	struct seen s = {.length = -1};

	for (size_t at = 0; at < h->n;) {
		const char *end = memchr(h->text + at, '\n', h->n - at);
		struct span line = {h->text + at, end ? (size_t)(end - h->text) - at + 1 : h->n - at};

		at += line.n;
		while (line.n > 0 && (line.s[line.n - 1] == '\r' || line.s[line.n - 1] == '\n'))
			line.n--;
		if (line.n == 0 && s.status >= 200)
			break;
		line.n = strnlen(line.s, line.n);
		if (line.n >= 5 && memcmp(line.s, "HTTP/", 5) == 0)
			s = (struct seen){.length = -1, .status = status_of(line)};
		else
			read_line(&s, line);
	}
	return s;
}

/* ---- what must hold */

/* "bytes " and then exactly what is wanted, but for zeros before a number. */
static void check_range(struct span range, const char *want)
{
	assert(range.n > 6 && strncasecmp(range.s, "bytes ", 6) == 0);
	for (size_t i = 6; i < range.n; i++) {
		bool begins = i == 6 || range.s[i - 1] == '-' || range.s[i - 1] == '/';

		while (begins && range.s[i] == '0' && i + 1 < range.n && range.s[i + 1] >= '0' &&
			range.s[i + 1] <= '9')
			i++;
		assert(range.s[i] == *want++);
	}
	assert(!*want);
}

static void check_append(const struct gate_request *q, const struct seen *s, const struct gate_result *result)
{
	CLEANUP_FREE char *want = NULL;
	int64_t total = result->size, first = q->offset - q->overlap;

	assert(s->status == 206 && q->offset > 0 && s->ranges == 1 && !s->encoded && !s->multipart &&
		!s->coded);
	assert(total >= q->offset && (q->size < 0 || q->size == total));
	want = xasprintf("%lld-%lld/%lld", (long long)first, (long long)total - 1, (long long)total);
	check_range(s->range, want);
	assert(s->lengths == 0 || s->length == total - first);
	/* Said to be of the same version, and no validator that both sides have speaks against it. */
	if (q->validator == JOB_VALIDATOR_ETAG)
		assert(s->etags > 0 && !s->doubtful && is(s->etag, q->etag));
	if (s->dates == 1 && q->last_modified && q->validator == JOB_VALIDATOR_DATE)
		assert(is(s->modified, q->last_modified));
	assert(q->max_size == 0 || total <= q->max_size);
}

static void check_start(const struct gate_request *q, const struct seen *s, const struct gate_result *result)
{
	assert(s->status == 200 || (s->status == 203 && q->offset == 0));
	assert(result->size == (s->lengths > 0 ? s->length : -1));
	assert((s->ranges == 0 || s->lengths > 0) && !s->coded);
	assert(q->max_size == 0 || result->size <= q->max_size);
}

static void check_refuse(
	const struct gate_request *q, const struct gate_result *result, const struct verdict *v)
{
	assert(v->class != VERDICT_OK && v->class != VERDICT_ABORTED);
	assert(v->code && strncmp(v->code, "E_", 2) == 0);
	assert(v->message && *v->message && !strpbrk(v->message, "\r\n"));
	assert(!result->range_fault || q->offset > 0);
	/* A server that does not understand ranges is asked twice, not for ever. */
	if (result->range_fault && q->range_faults > 0)
		assert(v->class == VERDICT_RESTART);
	if (result->changed && q->changes >= GATE_CHANGES_MAX)
		assert(v->class == VERDICT_PERMANENT);
}

static void check(const struct gate_request *q, const struct seen *s, enum gate_answer answer,
	const struct gate_result *result, const struct verdict *v)
{
	assert(result->size >= -1);
	assert((answer == GATE_REFUSE) == (v->class != VERDICT_OK));
	switch (answer) {
	case GATE_APPEND: check_append(q, s, result); break;
	case GATE_START: check_start(q, s, result); break;
	case GATE_COMPLETE:
		assert(s->status == 416 && s->ranges == 1 && q->offset > 0 && result->size == q->offset);
		assert(q->validator != JOB_VALIDATOR_NONE && (q->size < 0 || q->size == q->offset));
		break;
	case GATE_UNCHANGED:
		assert(q->conditional && (s->status == 304 || s->status == 200 || s->status == 203));
		break;
	case GATE_REDIRECT: assert(s->status / 100 == 3 && s->status != 300 && s->status != 304); break;
	case GATE_REFUSE: check_refuse(q, result, v); break;
	}
}

/* ---- the file */

/* A version is known by the strong ETag of its head. */
static int version_of(const struct seen *s)
{
	return s->etags > 0 && !s->doubtful && s->etag.n > 1 && s->etag.s[0] == '"' ? s->etag.s[1] : -1;
}

static void arrive(struct model *m, struct input *in)
{
	int64_t n = (int64_t)take(in) << (take(in) % 16);

	m->offset += m->size >= 0 && n > m->size - m->offset ? m->size - m->offset : n;
	assert(m->offset >= 0 && (m->size < 0 || m->offset <= m->size));
}

static void apply(struct model *m, const struct gate_request *q, const struct seen *s,
	const struct response *r, enum gate_answer answer, const struct gate_result *result,
	const struct verdict *v)
{
	m->changes += result->changed;
	m->range_faults += result->range_fault;
	assert(m->changes <= GATE_CHANGES_MAX + 1);
	if (answer == GATE_START) {
		model_drop(m);
		m->validator = gate_validator(r->etag, r->last_modified, r->date);
		str_set(&m->etag, r->etag);
		str_set(&m->last_modified, r->last_modified);
		m->digest = gate_whole_digest(r);
		m->encoded = r->content_encoding != NULL;
		m->version = version_of(s);
		/* They are sent back. */
		assert(!m->etag || !strpbrk(m->etag, "\r\n"));
		assert(!m->last_modified || !strpbrk(m->last_modified, "\r\n"));
	} else if (answer == GATE_APPEND && q->validator == JOB_VALIDATOR_ETAG && version_of(s) >= 0) {
		/* Under a strong validator, bytes of two versions never meet. */
		assert(m->version == version_of(s));
	} else if (v->class == VERDICT_RESTART) {
		m->no_ranges = m->no_ranges || result->range_fault;
		model_drop(m);
	}
	if (answer == GATE_APPEND || answer == GATE_START)
		m->size = result->size;
	m->ended = answer == GATE_COMPLETE || answer == GATE_UNCHANGED || v->class == VERDICT_PERMANENT;
}

static void attempt(struct model *m, struct input *in)
{
	struct gate_request q = ask(m, in);
	struct head h;
	struct response r;
	struct gate_result result;
	struct verdict v;
	bool whole = true;

	make_head(&h, &q, in);
	/* For who looks at a crash: FUZZ_SHOW=1 tests/fuzz/gate FILE. */
	if (getenv("FUZZ_SHOW")) {
		CLEANUP_FREE char *text = text_escape_n(h.text, h.n);

		fprintf(stderr, "offset %lld, overlap %lld, size %lld, validator %d\n%s\n",
			(long long)q.offset, (long long)q.overlap, (long long)q.size, (int)q.validator, text);
	}
	response_init(&r);
	verdict_init(&v);
	for (size_t at = 0; whole && at < h.n && !(r.complete && r.status >= 200);) {
		const char *end = memchr(h.text + at, '\n', h.n - at);
		size_t n = end ? (size_t)(end - h.text) - at + 1 : h.n - at;

		whole = response_line(&r, h.text + at, n);
		at += n;
	}
	if (whole && r.complete && r.status >= 200) {
		struct seen s = read_head(&h);
		enum gate_answer answer = gate_judge(&q, &r, &result, &v);

		check(&q, &s, answer, &result, &v);
		apply(m, &q, &s, &r, answer, &result, &v);
		if (answer == GATE_APPEND || answer == GATE_START)
			arrive(m, in);
	}
	response_done(&r);
	verdict_done(&v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct input in = {data, data + n};
	struct model m = {.size = -1, .version = -1};

	for (int i = 0; i < ATTEMPTS_MAX && in.at < in.end && !m.ended; i++)
		attempt(&m, &in);
	model_drop(&m);
	return 0;
}

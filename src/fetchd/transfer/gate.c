/* The gate. Pure rules; FAULTS.md rows H1 to H19 for the reasons. */
#include "config.h"

#include "fetchd/transfer/gate.h"

#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "job/classify.h"
#include "job/digest.h"
#include "job/httpdate.h"

#define MULTIPART "multipart/byteranges"
/* Somebody has to log in meanwhile. */
#define CAPTIVE_USEC (5 * 60 * USEC_PER_SEC)

static enum gate_answer refuse(
	struct verdict *v, enum verdict_class class, const char *code, const char *sentence)
{
	verdict_set(v, class, code, "%s", sentence);
	return GATE_REFUSE;
}

static bool asked_for_part(const struct gate_request *q)
{
	return q->offset > 0 || q->until > 0;
}

/* ---- sameness */

/* RFC 9110, 8.8.3.2: the weak comparison. */
static bool etags_agree(const char *a, const char *b)
{
	return strcmp(a + (strncmp(a, "W/", 2) ? 0 : 2), b + (strncmp(b, "W/", 2) ? 0 : 2)) == 0;
}

char *gate_whole_digest(const struct response *response)
{
	char *digest = response->repr_digest ? digest_from_field(response->repr_digest) : NULL;

	if (!digest && response->digest)
		digest = digest_from_legacy(response->digest);
	return digest;
}

/* By the same algorithm, two values. */
static bool digests_differ(const char *before, const struct response *r)
{
	CLEANUP_FREE char *now = gate_whole_digest(r);
	size_t algorithm = strcspn(before, "=");

	return now && strncmp(before, now, algorithm + 1) == 0 && strcmp(before, now) != 0;
}

/* What both sides have must agree: If-Range is a request that servers may ignore. The strong ETag is the last
 * word; where there is none, whatever differs has changed. */
static bool contradicts(const struct gate_request *q, const struct response *r)
{
	if (q->digest && digests_differ(q->digest, r))
		return true;
	if (q->validator == JOB_VALIDATOR_ETAG && q->etag && r->etag)
		return strcmp(q->etag, r->etag) != 0;
	if (q->etag && r->etag && !etags_agree(q->etag, r->etag))
		return true;
	return q->last_modified && r->last_modified && strcmp(q->last_modified, r->last_modified) != 0;
}

static enum gate_answer refuse_changed(
	const struct gate_request *q, struct gate_result *ret, struct verdict *v)
{
	ret->changed = true;
	v->most_restarts = GATE_CHANGES_MAX;
	return refuse(v, q->changes >= GATE_CHANGES_MAX ? VERDICT_PERMANENT : VERDICT_RESTART, "E_CHANGED",
		"the file changed on the server");
}

/* The same question once more; then never a range again. */
static enum gate_answer refuse_range(
	const struct gate_request *q, struct gate_result *ret, struct verdict *v, const char *sentence)
{
	ret->range_fault = asked_for_part(q);
	return refuse(v, asked_for_part(q) && q->range_faults == 0 ? VERDICT_TRANSIENT : VERDICT_RESTART,
		"E_RANGE", sentence);
}

/* ---- 206, 200, 416 */

static enum gate_answer judge_partial(
	const struct gate_request *q, const struct response *r, struct gate_result *ret, struct verdict *v)
{
	if (!asked_for_part(q))
		return refuse_range(q, ret, v, "the server sent a part (206) though the whole was asked for");
	if (!r->has_content_range || r->bad_content_range || r->range_first != q->offset - q->overlap ||
		r->range_total < 0 || r->range_last != (q->until > 0 ? q->until : r->range_total) - 1)
		return refuse_range(q, ret, v, "the server sent another part than was asked for");
	/* Such a body has heads of its parts in it. */
	if (r->content_type && strncasecmp(r->content_type, MULTIPART, strlen(MULTIPART)) == 0)
		return refuse_range(q, ret, v, "the server sent several parts in one");
	if (r->content_length >= 0 && r->content_length != r->range_last - r->range_first + 1)
		return refuse_range(q, ret, v, "the length of the part contradicts its range");
	if ((q->size >= 0 && r->range_total != q->size) || r->range_total < q->offset || contradicts(q, r))
		return refuse_changed(q, ret, v);
	if (r->content_encoding)
		return refuse_range(q, ret, v, "the server sent a part of an encoded form");
	/* RFC 9110, 15.3.7: a part has the ETag that the whole would have. Without it If-Range was perhaps
	 * never looked at. */
	if (q->validator == JOB_VALIDATOR_ETAG && !r->etag)
		return refuse_range(q, ret, v, "the server sent a part without saying of which version");
	ret->size = r->range_total;
	return GATE_APPEND;
}

/* A log-in page in the place of a file: the network answers, not the server. Over TLS it cannot. */
static bool is_captive(const struct gate_request *q, const struct response *r)
{
	return q->plain_http && (q->foreign || asked_for_part(q)) && q->expects_binary && r->content_type &&
	       strncasecmp(r->content_type, "text/html", strlen("text/html")) == 0;
}

static enum gate_answer judge_whole(
	const struct gate_request *q, const struct response *r, struct gate_result *ret, struct verdict *v)
{
	if (r->has_content_range &&
		(r->bad_content_range || r->range_total < 0 || r->range_total != r->content_length))
		return refuse_range(q, ret, v, "the server sent a range with status 200");
	if (is_captive(q, r)) {
		v->held_for = JOB_WAIT_NETWORK;
		v->retry_after_usec = CAPTIVE_USEC;
		return refuse(v, VERDICT_HELD, "E_CAPTIVE",
			"a web page came in the place of the file: this network may want a log-in first");
	}
	if (asked_for_part(q)) {
		ret->changed = contradicts(q, r) ||
			       (q->size >= 0 && r->content_length >= 0 && q->size != r->content_length);
		if (ret->changed && q->changes >= GATE_CHANGES_MAX)
			return refuse_changed(q, ret, v);
		ret->note = ret->changed ? "the file changed on the server; begun anew"
					 : "the server sent the whole file instead of the rest; begun anew";
	}
	ret->size = r->content_length;
	return GATE_START;
}

static enum gate_answer judge_unsatisfiable(
	const struct gate_request *q, const struct response *r, struct gate_result *ret, struct verdict *v)
{
	if (q->offset > 0 && r->has_content_range && !r->bad_content_range && r->range_first < 0 &&
		r->range_total == q->offset && (q->size < 0 || q->size == q->offset) && !contradicts(q, r) &&
		q->validator != JOB_VALIDATOR_NONE) {
		ret->size = r->range_total;
		return GATE_COMPLETE;
	}
	if (asked_for_part(q))
		return refuse(
			v, VERDICT_RESTART, "E_RANGE", "the server does not have the rest of this file");
	classify_http(v, 416);
	return GATE_REFUSE;
}

/* ---- the other statuses */

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static enum gate_answer refuse_status(const struct gate_request *q, int status, struct verdict *v)
{
	classify_http(v, status);
	if (asked_for_part(q) && (status == 400 || status == 417 || status == 505)) {
		/* It may be the range that the server does not like: once without. */
		v->class = VERDICT_RESTART;
	} else if (asked_for_part(q) && (status == 403 || status == 410) && v->message) {
		char *hinted = xasprintf("%s; the link may have expired", v->message);

		free(v->message);
		v->message = hinted;
	}
	return GATE_REFUSE;
}

/* The server ignored the condition. */
static bool as_new(const struct gate_request *q, const struct response *r)
{
	int64_t modified;

	if (!q->conditional)
		return false;
	if (q->have_etag && r->etag)
		return etags_agree(q->have_etag, r->etag);
	return q->have_modified_sec >= 0 && r->last_modified &&
	       httpdate_parse(r->last_modified, &modified) == 0 && modified <= q->have_modified_sec;
}

enum gate_answer gate_judge(const struct gate_request *request, const struct response *response,
	struct gate_result *ret, struct verdict *verdict)
{
	enum gate_answer answer;

	*ret = (struct gate_result){.size = -1};
	if (response->bad || (response->has_transfer_encoding && response->content_length >= 0))
		return refuse(verdict, VERDICT_TRANSIENT, "E_HEADERS",
			"the server's header fields contradict each other about the length");
	if (is_redirect(response->status))
		return GATE_REDIRECT;
	if (response->status == 304 && request->conditional)
		return GATE_UNCHANGED;
	if (response->status == 416)
		return judge_unsatisfiable(request, response, ret, verdict);
	if (response->status == 206)
		answer = judge_partial(request, response, ret, verdict);
	else if (response->status == 200 || (response->status == 203 && !asked_for_part(request)))
		answer = judge_whole(request, response, ret, verdict);
	else
		return refuse_status(request, response->status, verdict);
	if (answer == GATE_START && as_new(request, response))
		return GATE_UNCHANGED;
	if (answer != GATE_REFUSE && request->max_size > 0 && ret->size > request->max_size)
		return refuse(
			verdict, VERDICT_PERMANENT, "E_TOO_LARGE", "the file is larger than its job allows");
	return answer;
}

enum job_validator gate_validator(const char *etag, const char *last_modified, const char *date)
{
	int64_t modified, sent;

	if (etag && etag[0] == '"')
		return JOB_VALIDATOR_ETAG;
	/* A date of one second's grain is strong only when nothing could have been written in the same second
	 * since. */
	if (!last_modified || !date || httpdate_parse(last_modified, &modified) != 0 ||
		httpdate_parse(date, &sent) != 0)
		return JOB_VALIDATOR_NONE;
	return sent - modified >= 60 ? JOB_VALIDATOR_DATE : JOB_VALIDATOR_NONE;
}

bool gate_names_binary(const char *name)
{
	static const char *const endings[] = {".7z", ".apk", ".avi", ".bin", ".bz2", ".cab", ".deb", ".dmg",
		".exe", ".flac", ".gz", ".img", ".iso", ".jar", ".jpeg", ".jpg", ".lz", ".lzma", ".mkv",
		".mov", ".mp3", ".mp4", ".msi", ".ogg", ".pdf", ".png", ".qcow2", ".rar", ".rpm", ".tar",
		".tgz", ".txz", ".webm", ".whl", ".xz", ".zip", ".zst"};
	const char *ending = strrchr(name, '.');

	for (size_t i = 0; ending && i < ARRAY_LEN(endings); i++)
		if (text_ieq(ending, endings[i]))
			return true;
	return false;
}

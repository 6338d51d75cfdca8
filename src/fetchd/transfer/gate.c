/* The gate. Pure rules; FAULTS.md rows H1 to H17 for the reasons. */
#include "config.h"

#include "fetchd/transfer/gate.h"

#include <string.h>

#include "job/classify.h"
#include "job/httpdate.h"

static enum gate_answer refuse(
	struct verdict *v, enum verdict_class class, const char *code, const char *sentence)
{
	verdict_set(v, class, code, "%s", sentence);
	return GATE_REFUSE;
}

static bool same(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

/* A validator that both sides have must agree: If-Range is a request that servers may ignore. */
static bool changed(const struct gate_request *q, const struct response *r)
{
	if (q->etag && r->etag && !same(q->etag, r->etag))
		return true;
	return !q->etag && q->last_modified && r->last_modified && !same(q->last_modified, r->last_modified);
}

static enum gate_answer judge_partial(
	const struct gate_request *q, const struct response *r, int64_t *ret_size, struct verdict *v)
{
	if (q->offset == 0)
		return refuse(v, VERDICT_RESTART, "E_RANGE",
			"the server sent a part (206) though the whole was asked for");
	if (!r->has_content_range || r->bad_content_range || r->range_first != q->offset ||
		r->range_total < 0 || r->range_last != r->range_total - 1)
		return refuse(
			v, VERDICT_RESTART, "E_RANGE", "the server sent another part than was asked for");
	if (r->content_length >= 0 && r->content_length != r->range_last - r->range_first + 1)
		return refuse(v, VERDICT_RESTART, "E_RANGE", "the length of the part contradicts its range");
	if ((q->size >= 0 && r->range_total != q->size) || changed(q, r))
		return refuse(v, VERDICT_RESTART, "E_CHANGED", "the file changed on the server");
	if (r->content_encoding)
		return refuse(v, VERDICT_RESTART, "E_RANGE", "the server sent a part of an encoded form");
	*ret_size = r->range_total;
	return GATE_APPEND;
}

static enum gate_answer judge_whole(
	const struct gate_request *q, const struct response *r, int64_t *ret_size, struct verdict *v)
{
	if (r->has_content_range && (r->bad_content_range || r->range_total != r->content_length))
		return refuse(v, VERDICT_RESTART, "E_RANGE", "the server sent a range with status 200");
	(void)q;
	*ret_size = r->content_length;
	return GATE_START;
}

static enum gate_answer judge_unsatisfiable(
	const struct gate_request *q, const struct response *r, struct verdict *v)
{
	if (q->offset > 0 && r->has_content_range && !r->bad_content_range && r->range_first < 0 &&
		r->range_total == q->offset && (q->size < 0 || q->size == q->offset) && !changed(q, r))
		return GATE_COMPLETE;
	if (q->offset > 0)
		return refuse(
			v, VERDICT_RESTART, "E_RANGE", "the server does not have the rest of this file");
	classify_http(v, 416);
	return GATE_REFUSE;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

enum gate_answer gate_judge(const struct gate_request *request, const struct response *response,
	int64_t *ret_size, struct verdict *verdict)
{
	enum gate_answer answer;

	*ret_size = -1;
	if (response->bad)
		return refuse(verdict, VERDICT_TRANSIENT, "E_HEADERS",
			"the server's Content-Length makes no sense");
	if (is_redirect(response->status))
		return GATE_REDIRECT;
	if (response->status == 416)
		return judge_unsatisfiable(request, response, verdict);
	if (response->status == 206)
		answer = judge_partial(request, response, ret_size, verdict);
	else if (response->status == 200 || (response->status == 203 && request->offset == 0))
		answer = judge_whole(request, response, ret_size, verdict);
	else {
		classify_http(verdict, response->status);
		return GATE_REFUSE;
	}
	if (request->max_size > 0 && *ret_size > request->max_size)
		return refuse(
			verdict, VERDICT_PERMANENT, "E_TOO_LARGE", "the file is larger than its job allows");
	return answer;
}

const char *gate_validator(const char *etag, const char *last_modified, const char *date)
{
	int64_t modified, sent;

	if (etag && etag[0] == '"')
		return etag;
	/* A date of one second's grain is strong only when nothing could have been written in the same second
	 * since. */
	if (!last_modified || !date || httpdate_parse(last_modified, &modified) != 0 ||
		httpdate_parse(date, &sent) != 0)
		return NULL;
	return sent - modified >= 60 ? last_modified : NULL;
}

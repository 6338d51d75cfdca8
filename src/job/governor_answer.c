/* Governor answer: a table from the stable codes of failures. Owns nothing; any thread. Must never blame the
 * origin for what is this machine's or a proxy's.
 */
#include "config.h"

#include "job/governor_answer.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

struct answer_row {
	const char *code;
	enum governor_answer answer;
};

/* What is not here says nothing: what is local (files, settings, memory), and E_PROXY. */
static const struct answer_row code_rows[] = {
	/* no connection, or none that lasts */
	{"E_CONNECT", GOVERNOR_TIMEOUT},
	{"E_TIMEOUT", GOVERNOR_TIMEOUT},
	{"E_STALL", GOVERNOR_TIMEOUT},
	{"E_DNS", GOVERNOR_FAILURE},
	{"E_SEND", GOVERNOR_FAILURE},
	{"E_RECV", GOVERNOR_FAILURE},
	{"E_TRUNCATED", GOVERNOR_FAILURE},
	{"E_HTTP2", GOVERNOR_FAILURE},
	{"E_HTTP3", GOVERNOR_FAILURE},
	{"E_TLS", GOVERNOR_FAILURE},
	{"E_TLS_VERIFY", GOVERNOR_FAILURE},
	{"E_PROTOCOL", GOVERNOR_FAILURE},
	{"E_SSH", GOVERNOR_FAILURE},
	/* it answered: the job fails, the host is well */
	{"E_AUTH", GOVERNOR_ALIVE},
	{"E_CHANGED", GOVERNOR_ALIVE},
	{"E_CHECKSUM", GOVERNOR_ALIVE},
	{"E_DIGEST", GOVERNOR_ALIVE},
	{"E_DIR", GOVERNOR_ALIVE},
	{"E_EMPTY", GOVERNOR_ALIVE},
	{"E_ENCODING", GOVERNOR_ALIVE},
	{"E_FTP", GOVERNOR_ALIVE},
	{"E_HEADERS", GOVERNOR_ALIVE},
	{"E_NOT_FOUND", GOVERNOR_ALIVE},
	{"E_OVERRUN", GOVERNOR_ALIVE},
	{"E_RANGE", GOVERNOR_ALIVE},
	{"E_REDIRECT", GOVERNOR_ALIVE},
	{"E_REDIRECT_POLICY", GOVERNOR_ALIVE},
	{"E_TOO_LARGE", GOVERNOR_ALIVE},
};

struct status_row {
	int status;
	enum governor_answer answer;
};

/* Any other 5xx is a failure, any other status a sign of life. */
static const struct status_row status_rows[] = {
	{429, GOVERNOR_OVERLOAD},
	{503, GOVERNOR_BUSY}, /* also what nginx's limit_conn and limit_req say by default */
	{504, GOVERNOR_TIMEOUT},
	{509, GOVERNOR_BUSY},
	{522, GOVERNOR_TIMEOUT},
	{524, GOVERNOR_TIMEOUT},
	{529, GOVERNOR_BUSY},
	{598, GOVERNOR_TIMEOUT},
	{599, GOVERNOR_TIMEOUT},
};

static enum governor_answer answer_of_status(int status)
{
	for (size_t i = 0; i < ARRAY_LEN(status_rows); i++) {
		if (status_rows[i].status == status)
			return status_rows[i].answer;
	}
	return status / 100 == 5 ? GOVERNOR_FAILURE : GOVERNOR_ALIVE;
}

static enum governor_answer answer_of_code(const struct verdict *v)
{
	if (!v->code)
		return GOVERNOR_NONE;
	if (v->http_status > 0 && text_starts(v->code, "E_HTTP_"))
		return answer_of_status(v->http_status);
	for (size_t i = 0; i < ARRAY_LEN(code_rows); i++) {
		if (strcmp(code_rows[i].code, v->code) == 0)
			return code_rows[i].answer;
	}
	return GOVERNOR_NONE;
}

enum governor_answer governor_answer_of(const struct verdict *v)
{
	switch (v->class) {
	case VERDICT_OK: return GOVERNOR_SUCCESS;
	case VERDICT_TRANSIENT:
	case VERDICT_RESTART:
	case VERDICT_PERMANENT: return answer_of_code(v);
	case VERDICT_HELD:
	case VERDICT_ABORTED: break;
	}
	return GOVERNOR_NONE;
}

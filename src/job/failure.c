/* The table of error codes by class; tests/lint/errors.py holds it to fetchd-errors(7). Pure. */
#include "config.h"

#include "job/failure.h"

#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static const struct {
	const char *code;
	enum failure failure;
} table[] = {
	{"E_DNS", FAILURE_DNS},
	{"E_CONNECT", FAILURE_CONNECT},
	{"E_TIMEOUT", FAILURE_TIMEOUT},
	{"E_STALL", FAILURE_TIMEOUT},
	{"E_BLOCKED_ADDR", FAILURE_NETWORK},
	{"E_CAPTIVE", FAILURE_NETWORK},
	{"E_CLOCK", FAILURE_NETWORK},
	{"E_HTTP2", FAILURE_NETWORK},
	{"E_HTTP3", FAILURE_NETWORK},
	{"E_NETWORK", FAILURE_NETWORK},
	{"E_RECV", FAILURE_NETWORK},
	{"E_SEND", FAILURE_NETWORK},
	{"E_TRUNCATED", FAILURE_NETWORK},
	{"E_PROXY", FAILURE_PROXY},
	{"E_PROXY_AUTH", FAILURE_PROXY},
	{"E_TLS", FAILURE_TLS},
	{"E_TLS_CA", FAILURE_TLS},
	{"E_TLS_CONFIG", FAILURE_TLS},
	{"E_TLS_VERIFY", FAILURE_TLS},
	{"E_AUTH", FAILURE_ANSWER},
	{"E_CHANGED", FAILURE_ANSWER},
	{"E_CURL", FAILURE_ANSWER},
	{"E_EMPTY", FAILURE_ANSWER},
	{"E_ENCODING", FAILURE_ANSWER},
	{"E_FTP", FAILURE_ANSWER},
	{"E_HEADERS", FAILURE_ANSWER},
	{"E_HTTP_UNEXPECTED", FAILURE_ANSWER},
	{"E_NOT_FOUND", FAILURE_ANSWER},
	{"E_OVERRUN", FAILURE_ANSWER},
	{"E_PROTOCOL", FAILURE_ANSWER},
	{"E_RANGE", FAILURE_ANSWER},
	{"E_REDIRECT", FAILURE_ANSWER},
	{"E_REDIRECT_POLICY", FAILURE_ANSWER},
	{"E_SSH", FAILURE_ANSWER},
	{"E_CHECKSUM", FAILURE_FILE},
	{"E_DEADLINE", FAILURE_FILE},
	{"E_DEPENDENCY", FAILURE_FILE},
	{"E_DIGEST", FAILURE_FILE},
	{"E_GONE", FAILURE_FILE},
	{"E_TOO_LARGE", FAILURE_FILE},
	{"E_DEST_GONE", FAILURE_DISK},
	{"E_DIR", FAILURE_DISK},
	{"E_EXISTS", FAILURE_DISK},
	{"E_IO", FAILURE_DISK},
	{"E_IO_STALL", FAILURE_DISK},
	{"E_NAME", FAILURE_DISK},
	{"E_NO_SPACE", FAILURE_DISK},
	{"E_PART", FAILURE_DISK},
	{"E_PERM", FAILURE_DISK},
	{"E_QUOTA", FAILURE_DISK},
	{"E_READONLY", FAILURE_DISK},
	{"E_UNSUPPORTED", FAILURE_DISK},
	{"E_XDEV", FAILURE_DISK},
	{"E_DB", FAILURE_DAEMON},
	{"E_FDS", FAILURE_DAEMON},
	{"E_INTERNAL", FAILURE_DAEMON},
	{"E_MEMORY", FAILURE_DAEMON},
};

enum failure failure_of(const char *code)
{
	if (!code)
		return FAILURE_OTHER;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(table[i].code, code) == 0)
			return table[i].failure;
	if (text_starts(code, "E_HTTP_4"))
		return FAILURE_HTTP_4XX;
	if (text_starts(code, "E_HTTP_5"))
		return FAILURE_HTTP_5XX;
	return text_starts(code, "E_HTTP_") ? FAILURE_ANSWER : FAILURE_OTHER;
}

const char *failure_name(enum failure failure)
{
	switch (failure) {
	case FAILURE_OTHER: return "other";
	case FAILURE_DNS: return "dns";
	case FAILURE_CONNECT: return "connect";
	case FAILURE_TIMEOUT: return "timeout";
	case FAILURE_NETWORK: return "network";
	case FAILURE_PROXY: return "proxy";
	case FAILURE_TLS: return "tls";
	case FAILURE_HTTP_4XX: return "http_4xx";
	case FAILURE_HTTP_5XX: return "http_5xx";
	case FAILURE_ANSWER: return "answer";
	case FAILURE_FILE: return "file";
	case FAILURE_DISK: return "disk";
	case FAILURE_DAEMON: return "daemon";
	}
	return "?";
}

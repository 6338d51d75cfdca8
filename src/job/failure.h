/* Failure: the class of an error code, for who counts: a closed set, unlike the codes. Pure. */
#ifndef JOB_FAILURE_H
#define JOB_FAILURE_H

enum failure {
	FAILURE_OTHER,
	FAILURE_DNS,
	FAILURE_CONNECT,
	FAILURE_TIMEOUT,
	FAILURE_NETWORK, /* other trouble on the way */
	FAILURE_PROXY,
	FAILURE_TLS,
	FAILURE_HTTP_4XX,
	FAILURE_HTTP_5XX,
	FAILURE_ANSWER, /* one that makes no sense, or is not wanted */
	FAILURE_FILE,	/* the bytes, or the job's terms */
	FAILURE_DISK,
	FAILURE_DAEMON,
};
#define FAILURE_N (FAILURE_DAEMON + 1)

/* code: "E_…", or NULL. */
enum failure failure_of(const char *code);
/* "other", "dns", … "http_4xx" */
const char *failure_name(enum failure failure);

#endif

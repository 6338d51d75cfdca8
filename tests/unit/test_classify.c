/* job/classify: the whole table, and libcurl's own numbers beside those the table holds */
#include "config.h"

#include "unit.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>

#include "job/classify.h"
#include "job/job.h"

#define MINUTE (60 * USEC_PER_SEC)

struct want {
	enum verdict_class class;
	const char *code;
	int most_attempts;
	int64_t floor_usec; /* retry_after_usec; -1 none */
	enum job_wait held_for;
	bool slow_growth, whole_origin;
};

static void check_verdict(const char *row, struct verdict *v, const struct want *want)
{
	CHECK_STR(row, verdict_class_name(v->class), verdict_class_name(want->class));
	CHECK_STR(row, v->code, want->code);
	CHECK_INT(row, v->most_attempts, want->most_attempts);
	CHECK_INT(row, v->retry_after_usec, want->floor_usec);
	CHECK_INT(row, v->held_for, want->held_for);
	CHECK_INT(row, v->slow_growth, want->slow_growth);
	CHECK_INT(row, v->whole_origin, want->whole_origin);
	if (!v->message || !*v->message || strpbrk(v->message, "\r\n"))
		fail_msg("%s: no sentence: %s", row, v->message ? v->message : "(null)");
}

/* ---- libcurl */

#define TRANSIENT(code_)                                                                                     \
	{                                                                                                    \
		.class = VERDICT_TRANSIENT, .code = code_, .floor_usec = -1                                  \
	}
#define RETRIES(n, code_)                                                                                    \
	{                                                                                                    \
		.class = VERDICT_TRANSIENT, .code = code_, .most_attempts = (n) + 1, .floor_usec = -1        \
	}
#define SLOW(minutes, code_)                                                                                 \
	{                                                                                                    \
		.class = VERDICT_TRANSIENT, .code = code_, .floor_usec = (minutes)*MINUTE                    \
	}
#define GROWING(n, minutes, code_)                                                                           \
	{                                                                                                    \
		.class = VERDICT_TRANSIENT, .code = code_, .most_attempts = (n) + 1,                         \
		.floor_usec = (minutes)*MINUTE, .slow_growth = true                                          \
	}
#define COOL_DOWN(code_)                                                                                     \
	{                                                                                                    \
		.class = VERDICT_TRANSIENT, .code = code_, .floor_usec = -1, .whole_origin = true            \
	}
#define RESTART(code_)                                                                                       \
	{                                                                                                    \
		.class = VERDICT_RESTART, .code = code_, .floor_usec = -1                                    \
	}
#define PERMANENT(code_)                                                                                     \
	{                                                                                                    \
		.class = VERDICT_PERMANENT, .code = code_, .floor_usec = -1                                  \
	}
#define HELD(wait, code_)                                                                                    \
	{                                                                                                    \
		.class = VERDICT_HELD, .code = code_, .floor_usec = -1, .held_for = wait                     \
	}
#define SHORTAGE(code_) HELD(JOB_WAIT_RETRY, code_)

static const struct curl_row {
	int curl_code;
	struct want want;
} curl_table[] = {
	{CURLE_UNSUPPORTED_PROTOCOL, PERMANENT("E_SCHEME")},
	{CURLE_FAILED_INIT, SHORTAGE("E_INTERNAL")},
	{CURLE_URL_MALFORMAT, PERMANENT("E_BAD_URL")},
	{CURLE_NOT_BUILT_IN, PERMANENT("E_SCHEME")},
	{CURLE_COULDNT_RESOLVE_PROXY, TRANSIENT("E_PROXY")},
	{CURLE_COULDNT_RESOLVE_HOST, TRANSIENT("E_DNS")},
	{CURLE_COULDNT_CONNECT, TRANSIENT("E_CONNECT")},
	{CURLE_WEIRD_SERVER_REPLY, RETRIES(3, "E_PROTOCOL")},
	{CURLE_REMOTE_ACCESS_DENIED, PERMANENT("E_FTP")},
	{CURLE_FTP_ACCEPT_FAILED, TRANSIENT("E_FTP")},
	{CURLE_FTP_WEIRD_PASS_REPLY, PERMANENT("E_FTP")},
	{CURLE_FTP_ACCEPT_TIMEOUT, TRANSIENT("E_FTP")},
	{CURLE_FTP_WEIRD_PASV_REPLY, TRANSIENT("E_FTP")},
	{CURLE_FTP_WEIRD_227_FORMAT, PERMANENT("E_FTP")},
	{CURLE_FTP_CANT_GET_HOST, TRANSIENT("E_FTP")},
	{CURLE_HTTP2, TRANSIENT("E_HTTP2")},
	{CURLE_FTP_COULDNT_SET_TYPE, PERMANENT("E_FTP")},
	{CURLE_PARTIAL_FILE, TRANSIENT("E_TRUNCATED")},
	{CURLE_FTP_COULDNT_RETR_FILE, TRANSIENT("E_FTP")},
	{CURLE_QUOTE_ERROR, PERMANENT("E_FTP")},
	{CURLE_HTTP_RETURNED_ERROR, RETRIES(3, "E_INTERNAL")},
	{CURLE_WRITE_ERROR, RETRIES(3, "E_INTERNAL")},
	{CURLE_UPLOAD_FAILED, PERMANENT("E_FTP")},
	{CURLE_READ_ERROR, PERMANENT("E_FTP")},
	{CURLE_OUT_OF_MEMORY, SHORTAGE("E_MEMORY")},
	{CURLE_OPERATION_TIMEDOUT, TRANSIENT("E_TIMEOUT")},
	{CURLE_FTP_PORT_FAILED, PERMANENT("E_FTP")},
	{CURLE_FTP_COULDNT_USE_REST, RESTART("E_RANGE")},
	{CURLE_RANGE_ERROR, RESTART("E_RANGE")},
	{CURLE_SSL_CONNECT_ERROR, RETRIES(5, "E_TLS")},
	{CURLE_BAD_DOWNLOAD_RESUME, RESTART("E_RANGE")},
	{CURLE_FILE_COULDNT_READ_FILE, PERMANENT("E_SCHEME")},
	{CURLE_LDAP_CANNOT_BIND, PERMANENT("E_SCHEME")},
	{CURLE_LDAP_SEARCH_FAILED, PERMANENT("E_SCHEME")},
	{CURLE_ABORTED_BY_CALLBACK, RETRIES(3, "E_INTERNAL")},
	{CURLE_BAD_FUNCTION_ARGUMENT, RETRIES(3, "E_INTERNAL")},
	{CURLE_INTERFACE_FAILED, SLOW(1, "E_CONNECT")},
	{CURLE_TOO_MANY_REDIRECTS, PERMANENT("E_REDIRECT")},
	{CURLE_UNKNOWN_OPTION, RETRIES(3, "E_INTERNAL")},
	{CURLE_SETOPT_OPTION_SYNTAX, RETRIES(3, "E_INTERNAL")},
	{CURLE_GOT_NOTHING, TRANSIENT("E_RECV")},
	{CURLE_SSL_ENGINE_NOTFOUND, PERMANENT("E_TLS_CONFIG")},
	{CURLE_SSL_ENGINE_SETFAILED, PERMANENT("E_TLS_CONFIG")},
	{CURLE_SEND_ERROR, TRANSIENT("E_SEND")},
	{CURLE_RECV_ERROR, TRANSIENT("E_RECV")},
	{CURLE_SSL_CERTPROBLEM, PERMANENT("E_TLS_CONFIG")},
	{CURLE_SSL_CIPHER, PERMANENT("E_TLS_CONFIG")},
	{CURLE_PEER_FAILED_VERIFICATION, GROWING(3, 10, "E_TLS_VERIFY")},
	{CURLE_BAD_CONTENT_ENCODING, RETRIES(1, "E_ENCODING")},
	{CURLE_FILESIZE_EXCEEDED, PERMANENT("E_TOO_LARGE")},
	{CURLE_USE_SSL_FAILED, PERMANENT("E_TLS")},
	{CURLE_SEND_FAIL_REWIND, RETRIES(1, "E_SEND")},
	{CURLE_SSL_ENGINE_INITFAILED, PERMANENT("E_TLS_CONFIG")},
	{CURLE_LOGIN_DENIED, PERMANENT("E_AUTH")},
	{CURLE_TFTP_NOTFOUND, PERMANENT("E_SCHEME")},
	{CURLE_TFTP_PERM, PERMANENT("E_SCHEME")},
	{CURLE_REMOTE_DISK_FULL, PERMANENT("E_FTP")},
	{CURLE_TFTP_ILLEGAL, PERMANENT("E_SCHEME")},
	{CURLE_TFTP_UNKNOWNID, PERMANENT("E_SCHEME")},
	{CURLE_REMOTE_FILE_EXISTS, PERMANENT("E_FTP")},
	{CURLE_TFTP_NOSUCHUSER, PERMANENT("E_SCHEME")},
	{CURLE_SSL_CACERT_BADFILE, HELD(JOB_WAIT_DISK, "E_TLS_CA")},
	{CURLE_REMOTE_FILE_NOT_FOUND, PERMANENT("E_NOT_FOUND")},
	{CURLE_SSH, RETRIES(3, "E_SSH")},
	{CURLE_SSL_SHUTDOWN_FAILED, TRANSIENT("E_TLS")},
	{CURLE_AGAIN, RETRIES(3, "E_INTERNAL")},
	{CURLE_SSL_CRL_BADFILE, HELD(JOB_WAIT_DISK, "E_TLS_CA")},
	{CURLE_SSL_ISSUER_ERROR, GROWING(3, 10, "E_TLS_VERIFY")},
	{CURLE_FTP_PRET_FAILED, PERMANENT("E_FTP")},
	{CURLE_RTSP_CSEQ_ERROR, PERMANENT("E_SCHEME")},
	{CURLE_RTSP_SESSION_ERROR, PERMANENT("E_SCHEME")},
	{CURLE_FTP_BAD_FILE_LIST, PERMANENT("E_FTP")},
	{CURLE_CHUNK_FAILED, PERMANENT("E_FTP")},
	{CURLE_NO_CONNECTION_AVAILABLE, RETRIES(3, "E_INTERNAL")},
	{CURLE_SSL_PINNEDPUBKEYNOTMATCH, PERMANENT("E_TLS_VERIFY")},
	{CURLE_SSL_INVALIDCERTSTATUS, GROWING(3, 10, "E_TLS_VERIFY")},
	{CURLE_HTTP2_STREAM, TRANSIENT("E_HTTP2")},
	{CURLE_RECURSIVE_API_CALL, RETRIES(3, "E_INTERNAL")},
	{CURLE_AUTH_ERROR, PERMANENT("E_AUTH")},
	{CURLE_HTTP3, TRANSIENT("E_HTTP3")},
	{CURLE_QUIC_CONNECT_ERROR, TRANSIENT("E_HTTP3")},
	{CURLE_PROXY, TRANSIENT("E_PROXY")},
	{CURLE_SSL_CLIENTCERT, PERMANENT("E_TLS_CONFIG")},
	{CURLE_UNRECOVERABLE_POLL, SHORTAGE("E_INTERNAL")},
	/* libcurl 8.6 and 8.8 */
	{100, PERMANENT("E_HEADERS")},
	{101, PERMANENT("E_TLS")},
};

static const struct want unknown_curl = RETRIES(3, "E_CURL");

static const struct want *want_for(int curl_code)
{
	for (size_t i = 0; i < ARRAY_LEN(curl_table); i++) {
		if (curl_table[i].curl_code == curl_code)
			return &curl_table[i].want;
	}
	return &unknown_curl;
}

/* Every number that libcurl has or may get: those it no longer uses are in no row. */
static void test_curl_codes(void **state)
{
	(void)state;
	for (int code = 1; code < 150; code++) {
		struct verdict v;

		verdict_init(&v);
		classify_curl(&v, code, NULL);
		check_verdict(code < CURL_LAST ? curl_easy_strerror((CURLcode)code) : "future code", &v,
			want_for(code));
		CHECK_INT("http_status", v.http_status, 0);
		verdict_done(&v);
	}
}

/* The same by class, in the lists of FAULTS.md's table, each number once. */
static const struct faults_row {
	const char *codes;
	enum verdict_class class;
	int retries; /* 0: as configured */
	bool slow;
} faults_rows[] = {
	{"5 6 7 28 52 55 56 18", VERDICT_TRANSIENT, 0, false},
	{"16 92 95 96", VERDICT_TRANSIENT, 0, false},
	{"8 79", VERDICT_TRANSIENT, 3, false},
	{"35", VERDICT_TRANSIENT, 5, false},
	{"45", VERDICT_TRANSIENT, 0, true},
	{"65 61", VERDICT_TRANSIENT, 1, false},
	{"60 83 91", VERDICT_TRANSIENT, 3, true},
	{"101 90 53 54 58 66 98", VERDICT_PERMANENT, 0, false},
	{"33 36", VERDICT_RESTART, 0, false},
	{"97 80", VERDICT_TRANSIENT, 0, false},
	{"2 27 99 77 82", VERDICT_HELD, 0, false},
	{"47 63 100 67 94 59 64 1 3 4", VERDICT_PERMANENT, 0, false},
	/* bugs; 22, 23 and 42 without the reason that fetchd sets before */
	{"22 23 42 43 48 49 81 89 93", VERDICT_TRANSIENT, 3, false},
	{"10 12 13 15 19", VERDICT_TRANSIENT, 0, false},
	{"9 11 14 17 21 25 26 30 37 38 39 68 69 70 71 72 73 74 78 84 85 86 87 88", VERDICT_PERMANENT, 0,
		false},
	/* An FTP server without REST: as 33 and 36, now that FTP can be switched on. */
	{"31", VERDICT_RESTART, 0, false},
	{"20 24 29 32 34 40 41 44 46 50 51 57 62 75 76", VERDICT_TRANSIENT, 3, false},
};

static void test_curl_classes(void **state)
{
	bool seen[102] = {false};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(faults_rows); i++) {
		const struct faults_row *row = &faults_rows[i];
		char *end;

		for (const char *at = row->codes; *at; at = end) {
			long code = strtol(at, &end, 10);
			struct verdict v;

			verdict_init(&v);
			classify_curl(&v, (int)code, NULL);
			CHECK_INT(at, v.class, row->class);
			CHECK_INT(at, v.most_attempts, row->retries ? row->retries + 1 : 0);
			CHECK_INT(at, v.retry_after_usec > 0, row->slow);
			CHECK_INT(at, seen[code], false);
			seen[code] = true;
			verdict_done(&v);
		}
	}
	for (size_t code = 1; code < ARRAY_LEN(seen); code++) {
		if (!seen[code])
			fail_msg("%zu stands in no row", code);
	}
}

static void test_curl_sentences(void **state)
{
	static const struct {
		int code;
		const char *detail, *want_code, *want;
	} rows[] = {
		{6, "Could not resolve host: nowhere.test", "E_DNS", "cannot resolve host: nowhere.test"},
		{6, "Timed out", "E_DNS", "cannot resolve host: Timed out"},
		{6, "", "E_DNS", "cannot resolve host (libcurl error 6)"},
		{5, "Could not resolve proxy: p.test", "E_PROXY", "cannot resolve proxy: p.test"},
		{7, "Failed to connect to h port 9: Refused", "E_CONNECT",
			"cannot connect: h port 9: Refused"},
		{28, "Connection timed out after 30001 milliseconds", "E_TIMEOUT",
			"the server did not answer in time: Connection timed out after 30001 milliseconds"},
		{28, "Operation too slow. Less than 1 bytes/sec transferred the last 60 seconds", "E_STALL",
			"the transfer stalled: Operation too slow. Less than 1 bytes/sec transferred the "
			"last 60 "
			"seconds"},
		{60, "SSL certificate problem: certificate has expired", "E_TLS_VERIFY",
			"the server's certificate cannot be trusted: certificate has expired"},
		{56, "Recv failure: reset\r\nsecond line", "E_RECV",
			"receiving from the server failed: Recv failure: reset"},
		{44, NULL, "E_CURL", "the transfer failed (libcurl error 44)"},
		{6, "%s%n", "E_DNS", "cannot resolve host: %s%n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v;

		verdict_init(&v);
		classify_curl(&v, rows[i].code, rows[i].detail);
		CHECK_STR(rows[i].want, v.code, rows[i].want_code);
		CHECK_STR(rows[i].want, v.message, rows[i].want);
		verdict_done(&v);
	}
}

/* ---- proxies */

static void test_proxy_codes(void **state)
{
	static const struct {
		CURLproxycode code;
		bool auth;
	} rows[] = {
		{CURLPX_GSSAPI, true},
		{CURLPX_GSSAPI_PERMSG, true},
		{CURLPX_GSSAPI_PROTECTION, true},
		{CURLPX_IDENTD, true},
		{CURLPX_IDENTD_DIFFER, true},
		{CURLPX_LONG_PASSWD, true},
		{CURLPX_LONG_USER, true},
		{CURLPX_NO_AUTH, true},
		{CURLPX_USER_REJECTED, true},
	};

	(void)state;
	for (int code = 1; code < CURLPX_LAST + 5; code++) {
		struct want want = TRANSIENT("E_PROXY");
		struct verdict v;

		for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
			if (rows[i].code == (CURLproxycode)code)
				want = (struct want)PERMANENT("E_PROXY_AUTH");
		}
		verdict_init(&v);
		classify_proxy(&v, code, code % 2 ? "User was rejected\r\nby the SOCKS5 server" : NULL);
		check_verdict("proxy code", &v, &want);
		classify_curl(&v, CURLE_PROXY, NULL);
		check_verdict("first cause", &v, &want);
		verdict_done(&v);
	}
}

static void test_connect(void **state)
{
	static const struct {
		int status;
		struct want want;
		const char *sentence;
	} rows[] = {
		{407, PERMANENT("E_PROXY_AUTH"), "the proxy wants to know who this is: it says 407"},
		{403, PERMANENT("E_PROXY"), "the proxy does not let this connection through: it says 403"},
		{408, TRANSIENT("E_PROXY"), "the proxy cannot connect: it says 408"},
		{429, TRANSIENT("E_PROXY"), "the proxy cannot connect: it says 429"},
		{502, TRANSIENT("E_PROXY"), "the proxy cannot connect: it says 502"},
		{503, TRANSIENT("E_PROXY"), "the proxy cannot connect: it says 503"},
		{302, TRANSIENT("E_PROXY"), "the proxy cannot connect: it says 302"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v;

		verdict_init(&v);
		classify_connect(&v, rows[i].status);
		check_verdict(rows[i].sentence, &v, &rows[i].want);
		CHECK_STR(rows[i].sentence, v.message, rows[i].sentence);
		verdict_done(&v);
	}
}

/* ---- HTTP */

static bool among(int status, const int *list)
{
	for (; *list; list++) {
		if (*list == status)
			return true;
	}
	return false;
}

/* What FAULTS.md's table says of a status, written as lists as it stands there. */
static struct want http_want(int status, char code[32])
{
	static const int retry[] = {
		408, 425, 500, 502, 504, 520, 521, 522, 523, 524, 527, 529, 530, 598, 599, 0};
	static const int redirect[] = {301, 302, 303, 307, 308, 0};
	static const int known_client_errors[] = {400, 401, 402, 403, 404, 405, 406, 410, 411, 413, 414, 415,
		417, 418, 422, 424, 426, 428, 431, 451, 0};
	static const int known_permanent[] = {300, 304, 305, 306, 501, 505, 506, 508, 510, 0};
	static const int slow[] = {507, 509, 525, 526, 0};
	static const int three[] = {409, 423, 0};
	static const int restart[] = {412, 416, 0};
	static const int cool_down[] = {429, 503, 0};

	snprintf(code, 32, "E_HTTP_%d", status);
	if (among(status, retry))
		return (struct want)TRANSIENT(code);
	if (among(status, redirect))
		return (struct want)PERMANENT("E_REDIRECT");
	if (among(status, known_client_errors) || among(status, known_permanent))
		return (struct want)PERMANENT(code);
	if (among(status, slow))
		return (struct want)SLOW(15, code);
	if (among(status, three))
		return (struct want)RETRIES(3, code);
	if (among(status, restart))
		return (struct want)RESTART(code);
	if (among(status, cool_down))
		return (struct want)COOL_DOWN(code);
	if (status == 407)
		return (struct want)PERMANENT("E_PROXY_AUTH");
	if (status == 421)
		return (struct want)RETRIES(1, code);
	if (status == 511)
		return (struct want){
			VERDICT_HELD, "E_CAPTIVE", 0, 5 * MINUTE, JOB_WAIT_NETWORK, false, false};
	if (status >= 300 && status < 400)
		return (struct want)PERMANENT("E_REDIRECT");
	if (status >= 400 && status < 500)
		return (struct want)PERMANENT("E_HTTP_4XX");
	if (status >= 500 && status < 600)
		return (struct want)RETRIES(5, "E_HTTP_5XX");
	return (struct want)PERMANENT("E_HTTP_UNEXPECTED");
}

static void test_http_statuses(void **state)
{
	(void)state;
	for (int status = -1; status < 1100; status++) {
		char code[32], row[32];
		struct want want = http_want(status, code);
		struct verdict v;

		snprintf(row, sizeof(row), "status %d", status);
		verdict_init(&v);
		classify_http(&v, status);
		check_verdict(row, &v, &want);
		CHECK_INT(row, v.http_status, status);
		verdict_done(&v);
	}
}

static void test_http_with_retry_after(void **state)
{
	static const struct {
		int status;
		int64_t retry_after_usec;
		struct want want;
	} rows[] = {
		{202, 5 * USEC_PER_SEC,
			{VERDICT_TRANSIENT, "E_HTTP_202", 6, 5 * USEC_PER_SEC, 0, false, false}},
		{429, 0, {VERDICT_TRANSIENT, "E_HTTP_429", 0, 0, 0, false, true}},
		{413, 0, {VERDICT_TRANSIENT, "E_HTTP_413", 0, 0, 0, false, false}},
		{503, MINUTE, {VERDICT_TRANSIENT, "E_HTTP_503", 0, MINUTE, 0, false, true}},
		{404, MINUTE, {VERDICT_PERMANENT, "E_HTTP_404", 0, MINUTE, 0, false, false}},
		/* A floor rises, and never lowers what the server wants. */
		{507, MINUTE, {VERDICT_TRANSIENT, "E_HTTP_507", 0, 15 * MINUTE, 0, false, false}},
		{507, 60 * MINUTE, {VERDICT_TRANSIENT, "E_HTTP_507", 0, 60 * MINUTE, 0, false, false}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v;

		verdict_init(&v);
		v.retry_after_usec = rows[i].retry_after_usec;
		classify_http(&v, rows[i].status);
		check_verdict(rows[i].want.code, &v, &rows[i].want);
		verdict_done(&v);
	}
}

static void test_http_sentences(void **state)
{
	static const struct {
		int status;
		const char *want;
		int64_t retry_after_usec;
	} rows[] = {
		{404, "the server says 404 Not Found", MINUTE},
		{407, "the proxy says 407 Proxy Authentication Required", -1},
		{503, "the server says 503 Service Unavailable", -1},
		{503, "the server says 503 Service Unavailable", 0},
		{503, "the server says 503 Service Unavailable, and asks to wait 5min", 5 * MINUTE},
		{560, "the server says 560, and asks to wait 5min", 5 * MINUTE},
		{499, "the server says 499", -1},
		{204, "the server says 204 No Content, which is no file", -1},
		{302, "the server says 302 Found, but not where to", -1},
		{511,
			"the server says 511 Network Authentication Required: this network wants a log-in "
			"first",
			-1},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v;

		verdict_init(&v);
		v.retry_after_usec = rows[i].retry_after_usec;
		classify_http(&v, rows[i].status);
		CHECK_STR(rows[i].want, v.message, rows[i].want);
		verdict_done(&v);
	}
}

/* ---- errno */

static void test_errno(void **state)
{
	static const struct {
		int error;
		struct want want;
	} rows[] = {
		{ENOSPC, HELD(JOB_WAIT_DISK, "E_NO_SPACE")},
		{EDQUOT, HELD(JOB_WAIT_QUOTA, "E_QUOTA")},
		{EROFS, HELD(JOB_WAIT_DISK, "E_READONLY")},
		{ENOENT, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{ENOTDIR, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{ELOOP, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{ESTALE, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{ENODEV, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{ENXIO, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{ENOMEDIUM, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{ENOTCONN, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{EHOSTDOWN, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{EHOSTUNREACH, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{ENOKEY, HELD(JOB_WAIT_DISK, "E_DEST_GONE")},
		{EIO, RETRIES(1, "E_IO")},
		{EUCLEAN, RETRIES(1, "E_IO")},
		{EACCES, PERMANENT("E_PERM")},
		{EPERM, PERMANENT("E_PERM")},
		{ENAMETOOLONG, PERMANENT("E_NAME")},
		{EILSEQ, PERMANENT("E_NAME")},
		{EINVAL, PERMANENT("E_NAME")},
		{EFBIG, PERMANENT("E_TOO_LARGE")},
		{EOVERFLOW, PERMANENT("E_TOO_LARGE")},
		{EXDEV, PERMANENT("E_XDEV")},
		{EEXIST, PERMANENT("E_EXISTS")},
		{EISDIR, PERMANENT("E_EXISTS")},
		{ENOTEMPTY, PERMANENT("E_EXISTS")},
		{ENOSYS, PERMANENT("E_UNSUPPORTED")},
		{EOPNOTSUPP, PERMANENT("E_UNSUPPORTED")},
		{EMLINK, PERMANENT("E_UNSUPPORTED")},
		{EMFILE, SHORTAGE("E_FDS")},
		{ENFILE, SHORTAGE("E_FDS")},
		{ENOMEM, SHORTAGE("E_MEMORY")},
		{EAGAIN, TRANSIENT("E_IO")},
		{EBUSY, TRANSIENT("E_IO")},
		{ETXTBSY, TRANSIENT("E_IO")},
		{ETIMEDOUT, TRANSIENT("E_IO")},
		{EBADF, RETRIES(3, "E_INTERNAL")},
		{EFAULT, RETRIES(3, "E_INTERNAL")},
		{EPROTO, RETRIES(3, "E_IO")},
		{99999, RETRIES(3, "E_IO")},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct verdict v;

		verdict_init(&v);
		classify_errno(&v, rows[i].error, "write", "/d/f");
		check_verdict(strerror(rows[i].error), &v, &rows[i].want);
		if (strncmp(v.message, "cannot write /d/f: ", 19) != 0)
			fail_msg("says \"%s\"", v.message);
		verdict_done(&v);
	}
}

/* A transfer that was stopped because the disk is full also ends with a libcurl error. */
static void test_first_cause_stays_whole(void **state)
{
	struct verdict v;

	(void)state;
	verdict_init(&v);
	classify_errno(&v, ENOSPC, "write", "/d/f");
	classify_curl(&v, CURLE_PEER_FAILED_VERIFICATION, NULL);
	classify_http(&v, 507);
	classify_errno(&v, EACCES, "write", "/d/f");
	check_verdict("first", &v, &(struct want)HELD(JOB_WAIT_DISK, "E_NO_SPACE"));
	assert_int_equal(v.http_status, 0);
	assert_string_equal(v.message, "cannot write /d/f: no space left on the file system");
	verdict_done(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_curl_codes),
		cmocka_unit_test(test_curl_classes),
		cmocka_unit_test(test_curl_sentences),
		cmocka_unit_test(test_proxy_codes),
		cmocka_unit_test(test_connect),
		cmocka_unit_test(test_http_statuses),
		cmocka_unit_test(test_http_with_retry_after),
		cmocka_unit_test(test_http_sentences),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_first_cause_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

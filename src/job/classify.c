/* Classification: what an error means for the job. Owns nothing; any thread. Must never guess: what stands in
 * no row is tried three times more and then given up.
 */
#include "config.h"

#include "job/classify.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "job/job.h"

#define MINUTE_USEC (60 * USEC_PER_SEC)

/* What a row says. */
struct ruling {
	enum verdict_class class;
	int retries;		/* at most; 0: as configured */
	int floor_minutes;	/* between attempts */
	enum job_wait held_for; /* VERDICT_HELD */
	unsigned flags;
	const char *code;
	const char *phrase;
};

/* The flags: verdict.slow_growth, verdict.whole_origin. */
#define GROWS  (1u << 0)
#define ORIGIN (1u << 1)

/* The first five of them. */
#define TRANSIENT	    VERDICT_TRANSIENT, 0, 0, JOB_WAIT_NONE, 0
#define COOL_DOWN	    VERDICT_TRANSIENT, 0, 0, JOB_WAIT_NONE, ORIGIN
#define RETRIES(n)	    VERDICT_TRANSIENT, n, 0, JOB_WAIT_NONE, 0
#define SLOW(minutes)	    VERDICT_TRANSIENT, 0, minutes, JOB_WAIT_NONE, 0
#define GROWING(n, minutes) VERDICT_TRANSIENT, n, minutes, JOB_WAIT_NONE, GROWS
#define RESTART		    VERDICT_RESTART, 0, 0, JOB_WAIT_NONE, 0
#define PERMANENT	    VERDICT_PERMANENT, 0, 0, JOB_WAIT_NONE, 0
#define HELD(wait)	    VERDICT_HELD, 0, 0, wait, 0
#define LONG(wait, minutes) VERDICT_HELD, 0, minutes, wait, 0
/* A shortage in this machine: less at once may be enough. */
#define SHORTAGE HELD(JOB_WAIT_RETRY)

static void apply(struct verdict *v, const struct ruling *r, const char *sentence)
{
	int64_t floor_usec = r->floor_minutes * MINUTE_USEC;

	if (v->class != VERDICT_OK)
		return;
	verdict_set(v, r->class, r->code, "%s", sentence);
	v->held_for = r->held_for;
	v->most_attempts = r->retries > 0 ? r->retries + 1 : 0;
	v->slow_growth = (r->flags & GROWS) != 0;
	v->whole_origin = (r->flags & ORIGIN) != 0;
	if (floor_usec > 0 && floor_usec > v->retry_after_usec)
		v->retry_after_usec = floor_usec;
}

/* ---- libcurl ------------------------------------------------------------------------------------ */

/* Numbers as in libcurl-errors(3). */
struct curl_row {
	int code;
	struct ruling ruling;
	const char *known_prefix; /* of libcurl's text, that only repeats the phrase */
};

static const struct curl_row curl_rows[] = {
	/* network */
	{5, {TRANSIENT, "E_PROXY", "cannot resolve proxy"}, "Could not resolve proxy: "},
	{6, {TRANSIENT, "E_DNS", "cannot resolve host"}, "Could not resolve host: "},
	{7, {TRANSIENT, "E_CONNECT", "cannot connect"}, "Failed to connect to "},
	{16, {TRANSIENT, "E_HTTP2", "HTTP/2 error"}, NULL},
	{18, {TRANSIENT, "E_TRUNCATED", "the transfer ended before the whole file was there"}, NULL},
	{28, {TRANSIENT, "E_TIMEOUT", "the server did not answer in time"}, NULL},
	{45, {SLOW(1), "E_CONNECT", "cannot use the network interface"}, NULL},
	{52, {TRANSIENT, "E_RECV", "the server closed the connection without an answer"}, NULL},
	{55, {TRANSIENT, "E_SEND", "sending to the server failed"}, NULL},
	{56, {TRANSIENT, "E_RECV", "receiving from the server failed"}, NULL},
	{65, {RETRIES(1), "E_SEND", "the request had to be sent again and could not be"}, NULL},
	{92, {TRANSIENT, "E_HTTP2", "HTTP/2 stream error"}, NULL},
	{95, {TRANSIENT, "E_HTTP3", "HTTP/3 error"}, NULL},
	{96, {TRANSIENT, "E_HTTP3", "QUIC connection error"}, NULL},
	{97, {TRANSIENT, "E_PROXY", "the proxy failed"}, NULL},
	/* TLS */
	{35, {RETRIES(5), "E_TLS", "the TLS handshake failed"}, NULL},
	{53, {PERMANENT, "E_TLS_CONFIG", "the TLS engine was not found"}, NULL},
	{54, {PERMANENT, "E_TLS_CONFIG", "the TLS engine cannot be used"}, NULL},
	{58, {PERMANENT, "E_TLS_CONFIG", "the client certificate cannot be used"}, NULL},
	{59, {PERMANENT, "E_TLS_CONFIG", "the TLS cipher cannot be used"}, NULL},
	{60, {GROWING(3, 10), "E_TLS_VERIFY", "the server's certificate cannot be trusted"},
		"SSL certificate problem: "},
	{64, {PERMANENT, "E_TLS", "the server does not offer TLS"}, NULL},
	{66, {PERMANENT, "E_TLS_CONFIG", "the TLS engine cannot be started"}, NULL},
	{77, {HELD(JOB_WAIT_DISK), "E_TLS_CA", "the file of trusted certificates cannot be read"}, NULL},
	{80, {TRANSIENT, "E_TLS", "the TLS connection could not be closed"}, NULL},
	{82, {HELD(JOB_WAIT_DISK), "E_TLS_CA", "the certificate revocation list cannot be read"}, NULL},
	{83, {GROWING(3, 10), "E_TLS_VERIFY", "the issuer of the server's certificate is not the right one"},
		NULL},
	{90, {PERMANENT, "E_TLS_VERIFY", "the server's public key is not the pinned one"}, NULL},
	{91, {GROWING(3, 10), "E_TLS_VERIFY", "the server's certificate status is not valid"}, NULL},
	{98, {PERMANENT, "E_TLS_CONFIG", "the server asks for a client certificate"}, NULL},
	{101, {PERMANENT, "E_TLS", "encrypted client hello was required and not done"}, NULL},
	/* what the server says */
	{8, {RETRIES(3), "E_PROTOCOL", "the server's answer makes no sense"}, NULL},
	{33, {RESTART, "E_RANGE", "the server cannot send parts of the file"}, NULL},
	{36, {RESTART, "E_RANGE", "the download cannot be resumed where it stopped"}, NULL},
	{47, {PERMANENT, "E_REDIRECT", "too many redirects"}, NULL},
	{61, {RETRIES(1), "E_ENCODING", "the content encoding cannot be read"}, NULL},
	{63, {PERMANENT, "E_TOO_LARGE", "the file is larger than allowed"}, NULL},
	{67, {PERMANENT, "E_AUTH", "the server refused user name or password"}, NULL},
	{94, {PERMANENT, "E_AUTH", "authentication failed"}, NULL},
	{100, {PERMANENT, "E_HEADERS", "the server's headers are too large"}, NULL},
	/* the request */
	{1, {PERMANENT, "E_SCHEME", "the URL's scheme is not supported"}, NULL},
	{3, {PERMANENT, "E_BAD_URL", "the URL is not valid"}, NULL},
	{4, {PERMANENT, "E_SCHEME", "libcurl was built without what this needs"}, NULL},
	/* this machine */
	{2, {SHORTAGE, "E_INTERNAL", "libcurl could not be started"}, NULL},
	{27, {SHORTAGE, "E_MEMORY", "not enough memory"}, NULL},
	{99, {SHORTAGE, "E_INTERNAL", "polling the network failed"}, NULL},
	/* SSH */
	{79, {RETRIES(3), "E_SSH", "the SSH session failed"}, NULL},
	/* Not fetchd's to cause: a bug here or in libcurl; 23 and 42 are fetchd's own callbacks, which set
	   their reason before. */
	{23, {RETRIES(3), "E_INTERNAL", "writing was refused without a reason"}, NULL},
	{42, {RETRIES(3), "E_INTERNAL", "a callback stopped the transfer without a reason"}, NULL},
	{22, {RETRIES(3), "E_INTERNAL", "libcurl judged the HTTP status"}, NULL},
	{43, {RETRIES(3), "E_INTERNAL", "libcurl was called with a bad argument"}, NULL},
	{48, {RETRIES(3), "E_INTERNAL", "libcurl does not know an option"}, NULL},
	{49, {RETRIES(3), "E_INTERNAL", "libcurl was given a malformed option"}, NULL},
	{81, {RETRIES(3), "E_INTERNAL", "a socket was not ready"}, NULL},
	{89, {RETRIES(3), "E_INTERNAL", "no connection was available"}, NULL},
	{93, {RETRIES(3), "E_INTERNAL", "libcurl was called from its own callback"}, NULL},
	/* FTP and its kin */
	{9, {PERMANENT, "E_FTP", "the server denies access to the file"}, NULL},
	{10, {TRANSIENT, "E_FTP", "the server did not connect back"}, NULL},
	{11, {PERMANENT, "E_FTP", "the server's answer to the password makes no sense"}, NULL},
	{12, {TRANSIENT, "E_FTP", "the server did not connect back in time"}, NULL},
	{13, {TRANSIENT, "E_FTP", "the server's answer to PASV makes no sense"}, NULL},
	{14, {PERMANENT, "E_FTP", "the server's passive address makes no sense"}, NULL},
	{15, {TRANSIENT, "E_FTP", "the server's passive address cannot be used"}, NULL},
	{17, {PERMANENT, "E_FTP", "the transfer type could not be set"}, NULL},
	{19, {TRANSIENT, "E_FTP", "the file could not be retrieved"}, NULL},
	{21, {PERMANENT, "E_FTP", "a command was refused"}, NULL},
	{25, {PERMANENT, "E_FTP", "an upload was refused"}, NULL},
	{26, {PERMANENT, "E_FTP", "the upload could not be read"}, NULL},
	{30, {PERMANENT, "E_FTP", "the PORT command failed"}, NULL},
	/* As 33: asked only where there are bytes to go on from, so from the start it may work. */
	{31, {RESTART, "E_RANGE", "the server cannot resume"}, NULL},
	{37, {PERMANENT, "E_SCHEME", "local files are not fetched"}, NULL},
	{38, {PERMANENT, "E_SCHEME", "LDAP is not supported"}, NULL},
	{39, {PERMANENT, "E_SCHEME", "LDAP is not supported"}, NULL},
	{68, {PERMANENT, "E_SCHEME", "TFTP is not supported"}, NULL},
	{69, {PERMANENT, "E_SCHEME", "TFTP is not supported"}, NULL},
	{70, {PERMANENT, "E_FTP", "the server's disk is full"}, NULL},
	{71, {PERMANENT, "E_SCHEME", "TFTP is not supported"}, NULL},
	{72, {PERMANENT, "E_SCHEME", "TFTP is not supported"}, NULL},
	{73, {PERMANENT, "E_FTP", "the server already has the file"}, NULL},
	{74, {PERMANENT, "E_SCHEME", "TFTP is not supported"}, NULL},
	{78, {PERMANENT, "E_NOT_FOUND", "the server does not have the file"}, NULL},
	{84, {PERMANENT, "E_FTP", "the PRET command failed"}, NULL},
	{85, {PERMANENT, "E_SCHEME", "RTSP is not supported"}, NULL},
	{86, {PERMANENT, "E_SCHEME", "RTSP is not supported"}, NULL},
	{87, {PERMANENT, "E_FTP", "the directory listing cannot be read"}, NULL},
	{88, {PERMANENT, "E_FTP", "the directory listing was refused"}, NULL},
};

/* libcurl's one text for a transfer slower than LOW_SPEED; all other time-outs share the code. */
#define CURL_TIMEOUT	  28
#define CURL_STALL_PREFIX "Operation too slow"

static const struct curl_row stall_row = {CURL_TIMEOUT, {TRANSIENT, "E_STALL", "the transfer stalled"}, NULL};

static const struct curl_row *find_curl_row(int curl_code, const char *detail)
{
	/* Obsolete and future codes. */
	static const struct curl_row unknown = {-1, {RETRIES(3), "E_CURL", "the transfer failed"}, NULL};

	if (curl_code == CURL_TIMEOUT && detail && text_starts(detail, CURL_STALL_PREFIX))
		return &stall_row;
	for (size_t i = 0; i < ARRAY_LEN(curl_rows); i++) {
		if (curl_rows[i].code == curl_code)
			return &curl_rows[i];
	}
	return &unknown;
}

void classify_curl(struct verdict *v, int curl_code, const char *detail)
{
	const struct curl_row *row = find_curl_row(curl_code, detail);

	if (!detail || !*detail) {
		CLEANUP_FREE char *sentence =
			xasprintf("%s (libcurl error %d)", row->ruling.phrase, curl_code);

		apply(v, &row->ruling, sentence);
		return;
	}
	if (row->known_prefix && text_starts(detail, row->known_prefix))
		detail += strlen(row->known_prefix);
	CLEANUP_FREE char *sentence =
		xasprintf("%s: %.*s", row->ruling.phrase, (int)strcspn(detail, "\r\n"), detail);

	apply(v, &row->ruling, sentence);
}

/* ---- proxies ------------------------------------------------------------------------------------ */

/* CURLPX_…: who we are was not said as the proxy wants it, or was refused (RFC 1929, RFC 1961). */
static bool is_proxy_auth(int proxy_code)
{
	static const int codes[] = {4, 5, 6, 7, 8, 10, 11, 12, 33};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
		if (codes[i] == proxy_code)
			return true;
	}
	return false;
}

void classify_proxy(struct verdict *v, int proxy_code, const char *detail)
{
	static const struct ruling refused = {
		PERMANENT, "E_PROXY_AUTH", "the proxy does not accept who this is"};
	static const struct ruling failed = {TRANSIENT, "E_PROXY", "the proxy failed"};
	const struct ruling *ruling = is_proxy_auth(proxy_code) ? &refused : &failed;
	CLEANUP_FREE char *sentence =
		detail && *detail
			? xasprintf("%s: %.*s", ruling->phrase, (int)strcspn(detail, "\r\n"), detail)
			: xasprintf("%s (libcurl proxy error %d)", ruling->phrase, proxy_code);

	apply(v, ruling, sentence);
}

void classify_connect(struct verdict *v, int status)
{
	static const struct ruling refused = {PERMANENT, "E_PROXY_AUTH", "wants to know who this is"};
	static const struct ruling denied = {PERMANENT, "E_PROXY", "does not let this connection through"};
	static const struct ruling failed = {TRANSIENT, "E_PROXY", "cannot connect"};
	const struct ruling *ruling = &failed;

	if (status == 407)
		ruling = &refused;
	else if (status / 100 == 4 && status != 408 && status != 429)
		ruling = &denied;
	CLEANUP_FREE char *sentence = xasprintf("the proxy %s: it says %d", ruling->phrase, status);

	apply(v, ruling, sentence);
}

/* ---- HTTP --------------------------------------------------------------------------------------- */

/* The phrase is the registered reason: HTTP/2 has none on the wire. */
struct http_row {
	int status;
	struct ruling ruling;
};

#define E_HTTP(status_) "E_HTTP_" #status_

static const struct http_row http_rows[] = {
	{200, {PERMANENT, "E_HTTP_UNEXPECTED", "OK"}},
	{201, {PERMANENT, "E_HTTP_UNEXPECTED", "Created"}},
	{202, {PERMANENT, "E_HTTP_UNEXPECTED", "Accepted"}},
	{203, {PERMANENT, "E_HTTP_UNEXPECTED", "Non-Authoritative Information"}},
	{204, {PERMANENT, "E_HTTP_UNEXPECTED", "No Content"}},
	{205, {PERMANENT, "E_HTTP_UNEXPECTED", "Reset Content"}},
	{206, {PERMANENT, "E_HTTP_UNEXPECTED", "Partial Content"}},
	{207, {PERMANENT, "E_HTTP_UNEXPECTED", "Multi-Status"}},
	{226, {PERMANENT, "E_HTTP_UNEXPECTED", "IM Used"}},
	{300, {PERMANENT, E_HTTP(300), "Multiple Choices"}},
	/* Followed by fetchd where there is somewhere to go. */
	{301, {PERMANENT, "E_REDIRECT", "Moved Permanently"}},
	{302, {PERMANENT, "E_REDIRECT", "Found"}},
	{303, {PERMANENT, "E_REDIRECT", "See Other"}},
	{304, {PERMANENT, E_HTTP(304), "Not Modified"}},
	{305, {PERMANENT, E_HTTP(305), "Use Proxy"}},
	{306, {PERMANENT, E_HTTP(306), "Switch Proxy"}},
	{307, {PERMANENT, "E_REDIRECT", "Temporary Redirect"}},
	{308, {PERMANENT, "E_REDIRECT", "Permanent Redirect"}},
	{400, {PERMANENT, E_HTTP(400), "Bad Request"}},
	{401, {PERMANENT, E_HTTP(401), "Unauthorized"}},
	{402, {PERMANENT, E_HTTP(402), "Payment Required"}},
	{403, {PERMANENT, E_HTTP(403), "Forbidden"}},
	{404, {PERMANENT, E_HTTP(404), "Not Found"}},
	{405, {PERMANENT, E_HTTP(405), "Method Not Allowed"}},
	{406, {PERMANENT, E_HTTP(406), "Not Acceptable"}},
	{407, {PERMANENT, "E_PROXY_AUTH", "Proxy Authentication Required"}},
	{408, {TRANSIENT, E_HTTP(408), "Request Timeout"}},
	{409, {RETRIES(3), E_HTTP(409), "Conflict"}},
	{410, {PERMANENT, E_HTTP(410), "Gone"}},
	{411, {PERMANENT, E_HTTP(411), "Length Required"}},
	{412, {RESTART, E_HTTP(412), "Precondition Failed"}},
	{413, {PERMANENT, E_HTTP(413), "Content Too Large"}},
	{414, {PERMANENT, E_HTTP(414), "URI Too Long"}},
	{415, {PERMANENT, E_HTTP(415), "Unsupported Media Type"}},
	{416, {RESTART, E_HTTP(416), "Range Not Satisfiable"}},
	{417, {PERMANENT, E_HTTP(417), "Expectation Failed"}},
	{418, {PERMANENT, E_HTTP(418), "I'm a Teapot"}},
	{421, {RETRIES(1), E_HTTP(421), "Misdirected Request"}},
	{422, {PERMANENT, E_HTTP(422), "Unprocessable Content"}},
	{423, {RETRIES(3), E_HTTP(423), "Locked"}},
	{424, {PERMANENT, E_HTTP(424), "Failed Dependency"}},
	{425, {TRANSIENT, E_HTTP(425), "Too Early"}},
	{426, {PERMANENT, E_HTTP(426), "Upgrade Required"}},
	{428, {PERMANENT, E_HTTP(428), "Precondition Required"}},
	{429, {COOL_DOWN, E_HTTP(429), "Too Many Requests"}},
	{431, {PERMANENT, E_HTTP(431), "Request Header Fields Too Large"}},
	{451, {PERMANENT, E_HTTP(451), "Unavailable For Legal Reasons"}},
	{500, {TRANSIENT, E_HTTP(500), "Internal Server Error"}},
	{501, {PERMANENT, E_HTTP(501), "Not Implemented"}},
	{502, {TRANSIENT, E_HTTP(502), "Bad Gateway"}},
	{503, {COOL_DOWN, E_HTTP(503), "Service Unavailable"}},
	{504, {TRANSIENT, E_HTTP(504), "Gateway Timeout"}},
	{505, {PERMANENT, E_HTTP(505), "HTTP Version Not Supported"}},
	{506, {PERMANENT, E_HTTP(506), "Variant Also Negotiates"}},
	{507, {SLOW(15), E_HTTP(507), "Insufficient Storage"}},
	{508, {PERMANENT, E_HTTP(508), "Loop Detected"}},
	{509, {SLOW(15), E_HTTP(509), "Bandwidth Limit Exceeded"}},
	{510, {PERMANENT, E_HTTP(510), "Not Extended"}},
	{511, {LONG(JOB_WAIT_NETWORK, 5), "E_CAPTIVE", "Network Authentication Required"}},
	{520, {TRANSIENT, E_HTTP(520), "Unknown Error"}},
	{521, {TRANSIENT, E_HTTP(521), "Web Server Is Down"}},
	{522, {TRANSIENT, E_HTTP(522), "Connection Timed Out"}},
	{523, {TRANSIENT, E_HTTP(523), "Origin Is Unreachable"}},
	{524, {TRANSIENT, E_HTTP(524), "A Timeout Occurred"}},
	{525, {SLOW(15), E_HTTP(525), "SSL Handshake Failed"}},
	{526, {SLOW(15), E_HTTP(526), "Invalid SSL Certificate"}},
	{527, {TRANSIENT, E_HTTP(527), "Railgun Error"}},
	{529, {TRANSIENT, E_HTTP(529), "Site Is Overloaded"}},
	{530, {TRANSIENT, E_HTTP(530), "Site Is Frozen"}},
	{598, {TRANSIENT, E_HTTP(598), "Network Read Timeout"}},
	{599, {TRANSIENT, E_HTTP(599), "Network Connect Timeout"}},
};

/* With a Retry-After the server says itself that it may work later. */
static const struct http_row http_rows_later[] = {
	{202, {RETRIES(5), E_HTTP(202), "Accepted"}},
	{413, {TRANSIENT, E_HTTP(413), "Content Too Large"}},
};

static const struct http_row *find_http_row(const struct http_row *rows, size_t n, int status)
{
	for (size_t i = 0; i < n; i++) {
		if (rows[i].status == status)
			return &rows[i];
	}
	return NULL;
}

/* For a status that stands in no row: by its class (RFC 9110, 15). */
static const struct ruling *unknown_status(int status)
{
	static const struct ruling no_file = {PERMANENT, "E_HTTP_UNEXPECTED", NULL};
	static const struct ruling redirect = {PERMANENT, "E_REDIRECT", NULL};
	static const struct ruling client_error = {PERMANENT, "E_HTTP_4XX", NULL};
	static const struct ruling server_error = {RETRIES(5), "E_HTTP_5XX", NULL};

	switch (status / 100) {
	case 3: return &redirect;
	case 4: return &client_error;
	case 5: return &server_error;
	default: return &no_file;
	}
}

static char *http_sentence(int status, const struct ruling *ruling, int64_t retry_after_usec)
{
	const char *reason = ruling->phrase ? ruling->phrase : "", *hint = "";
	const char *who = status == 407 ? "proxy" : "server";
	char span[UNITS_MAX];

	if (retry_after_usec > 0 && ruling->class == VERDICT_TRANSIENT)
		return xasprintf("the %s says %d%s%s, and asks to wait %s", who, status, *reason ? " " : "",
			reason, units_format_span(span, retry_after_usec));
	if (strcmp(ruling->code, "E_HTTP_UNEXPECTED") == 0)
		hint = ", which is no file";
	else if (strcmp(ruling->code, "E_REDIRECT") == 0)
		hint = ", but not where to";
	else if (strcmp(ruling->code, "E_CAPTIVE") == 0)
		hint = ": this network wants a log-in first";
	return xasprintf("the %s says %d%s%s%s", who, status, *reason ? " " : "", reason, hint);
}

void classify_http(struct verdict *v, int status)
{
	const struct http_row *row = NULL;

	if (v->class != VERDICT_OK)
		return;
	if (v->retry_after_usec >= 0)
		row = find_http_row(http_rows_later, ARRAY_LEN(http_rows_later), status);
	if (!row)
		row = find_http_row(http_rows, ARRAY_LEN(http_rows), status);
	const struct ruling *ruling = row ? &row->ruling : unknown_status(status);
	CLEANUP_FREE char *sentence = http_sentence(status, ruling, v->retry_after_usec);

	apply(v, ruling, sentence);
	v->http_status = status;
}

/* ---- errno -------------------------------------------------------------------------------------- */

struct errno_row {
	int error;
	struct ruling ruling;
};

static const struct errno_row errno_rows[] = {
	{ENOSPC, {HELD(JOB_WAIT_DISK), "E_NO_SPACE", "no space left on the file system"}},
	{EDQUOT, {HELD(JOB_WAIT_QUOTA), "E_QUOTA", "the disk quota is used up"}},
	{EROFS, {HELD(JOB_WAIT_DISK), "E_READONLY", "the file system is read-only"}},
	/* The directory was removed, unmounted, or something else stands in its place. */
	{ENOENT, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the directory is gone"}},
	{ENOTDIR, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the directory is no longer a directory"}},
	{ELOOP, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "a symbolic link stands in the place of the directory"}},
	{ESTALE, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the file system was replaced"}},
	{ENODEV, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the device is gone"}},
	{ENXIO, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the device is gone"}},
	{ENOMEDIUM, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the medium is gone"}},
	{ENOTCONN, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the file system is not connected"}},
	{EHOSTDOWN, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the file server is down"}},
	{EHOSTUNREACH, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the file server cannot be reached"}},
	{ENOKEY, {HELD(JOB_WAIT_DISK), "E_DEST_GONE", "the directory is encrypted and locked"}},
	/* What was written after the last sync is lost; what came before it is not. */
	{EIO, {RETRIES(1), "E_IO", "the disk reports an input/output error"}},
	{EUCLEAN, {RETRIES(1), "E_IO", "the file system is damaged"}},
	{EACCES, {PERMANENT, "E_PERM", "permission denied"}},
	{EPERM, {PERMANENT, "E_PERM", "operation not permitted"}},
	{ENAMETOOLONG, {PERMANENT, "E_NAME", "the file name is too long for this file system"}},
	{EILSEQ, {PERMANENT, "E_NAME", "the file name is not possible on this file system"}},
	{EINVAL, {PERMANENT, "E_NAME", "the file system does not take this name or operation"}},
	{EFBIG, {PERMANENT, "E_TOO_LARGE", "the file is too large for this file system"}},
	{EOVERFLOW, {PERMANENT, "E_TOO_LARGE", "the file is too large for this file system"}},
	{EXDEV, {PERMANENT, "E_XDEV", "the path leads to another file system or out of its root"}},
	{EEXIST, {PERMANENT, "E_EXISTS", "a file of this name exists"}},
	{EISDIR, {PERMANENT, "E_EXISTS", "a directory of this name exists"}},
	{ENOTEMPTY, {PERMANENT, "E_EXISTS", "a directory of this name exists"}},
	{EMLINK, {PERMANENT, "E_UNSUPPORTED", "the file system takes no more links"}},
	{EOPNOTSUPP, {PERMANENT, "E_UNSUPPORTED", "the file system cannot do this"}},
	{ENOSYS, {PERMANENT, "E_UNSUPPORTED", "the kernel cannot do this; Linux 5.6 or newer is needed"}},
	{EMFILE, {SHORTAGE, "E_FDS", "too many open files in this process"}},
	{ENFILE, {SHORTAGE, "E_FDS", "too many open files in the system"}},
	{ENOMEM, {SHORTAGE, "E_MEMORY", "not enough memory"}},
	{EAGAIN, {TRANSIENT, "E_IO", "the file system is busy"}},
	{EBUSY, {TRANSIENT, "E_IO", "the file system is busy"}},
	{ETXTBSY, {TRANSIENT, "E_IO", "the file is in use"}},
	{ETIMEDOUT, {TRANSIENT, "E_IO", "the file system does not answer"}},
	/* No file system's to say: a bug here. */
	{EBADF, {RETRIES(3), "E_INTERNAL", "the file was not open"}},
	{EFAULT, {RETRIES(3), "E_INTERNAL", "the memory was not there"}},
};

static const struct ruling *find_errno(int error)
{
	static const struct ruling unknown = {RETRIES(3), "E_IO", NULL};

	for (size_t i = 0; i < ARRAY_LEN(errno_rows); i++) {
		if (errno_rows[i].error == error)
			return &errno_rows[i].ruling;
	}
	return &unknown;
}

void classify_errno(struct verdict *v, int error, const char *operation, const char *path)
{
	const struct ruling *ruling = find_errno(error);
	/* strerror(3) shares its buffer between threads; the descriptions are static: strerrordesc_np(3). */
	const char *phrase = ruling->phrase ? ruling->phrase : strerrordesc_np(error);
	CLEANUP_FREE char *sentence =
		xasprintf("cannot %s %s: %s", operation, path, phrase ? phrase : "unknown error");

	apply(v, ruling, sentence);
}

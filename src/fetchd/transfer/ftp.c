/* FTP has no heads: the replies to SIZE and MDTM are read in their place, and the same rules hold. Nothing in
 * them proves sameness, so bytes that are here are always compared. Runs in the worker, inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/transfer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "job/httpdate.h"

bool ftp_is(const char *url)
{
	return strncmp(url, "ftp:", 4) == 0 || strncmp(url, "ftps:", 5) == 0;
}

const char *ftp_refusal(const char *url)
{
	size_t n = strcspn(url, "?#;");
	const char *type = ftp_is(url) ? strstr(url, ";type=") : NULL;

	if (ftp_is(url) && n > 0 && url[n - 1] == '/')
		return "an FTP directory is no file";
	/* RFC 1738, 3.2.2: text is changed on its way, and a listing is no file. */
	if (type && type[6] != 'i' && type[6] != 'I')
		return "of the types of an FTP URL only ;type=i brings a file as it is";
	return NULL;
}

void ftp_setup(struct transfer *t)
{
	/* Else libcurl would ask an HTTP proxy for the file, whose answer then has none of the replies that
	 * are read here. */
	curl_easy_setopt(t->easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
	/* A server that does not encrypt the bytes too is not taken for one that does. */
	if (strncmp(t->url, "ftps:", 5) == 0)
		curl_easy_setopt(t->easy, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(t->easy, CURLOPT_FILETIME, 1L);
	curl_easy_setopt(t->easy, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)(t->offset - (int64_t)t->tail_n));
	/* The data connection goes where the control connection went, whatever the server says. */
	curl_easy_setopt(t->easy, CURLOPT_FTP_SKIP_PASV_IP, 1L);
}

/* "20260131235959" of MDTM (RFC 3659, 2.3) as the date that HTTP would have said. */
static void take_time(struct response *r, const char *digits)
{
	static const char months[][4] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int year, month, day, hour, minute, second;
	char date[64];
	int64_t sec;

	if (sscanf(digits, "%4d%2d%2d%2d%2d%2d", &year, &month, &day, &hour, &minute, &second) != 6 ||
		month < 1 || month > 12)
		return;
	/* The name of the day is not looked at. */
	snprintf(date, sizeof(date), "Sun, %02d %s %04d %02d:%02d:%02d GMT", day, months[month - 1], year,
		hour, minute, second);
	if (httpdate_parse(date, &sec) == 0)
		str_set(&r->last_modified, httpdate_format(date, sec));
}

/* "213 1234" is an answer to SIZE, "213 20260131235959" one to MDTM. */
void ftp_line(struct transfer *t, const char *line, size_t n)
{
	char digits[24];
	size_t len = 0;

	t->response.lines++;
	if (n < 5 || strncmp(line, "213 ", 4) != 0)
		return;
	while (len < n - 4 && len < sizeof(digits) - 1 && isdigit((unsigned char)line[4 + len]))
		len++;
	memcpy(digits, line + 4, len);
	digits[len] = '\0';
	if (len == 14 && !t->response.last_modified)
		take_time(&t->response, digits);
	else if (len > 0 && len < 19)
		t->response.content_length = strtoll(digits, NULL, 10);
}

static bool is_another(const struct transfer *t)
{
	const struct response *r = &t->response;
	const struct job *job = t->job;

	return (job->size >= 0 && r->content_length >= 0 && job->size != r->content_length) ||
	       (job->last_modified && r->last_modified && strcmp(job->last_modified, r->last_modified) != 0);
}

/* A redirect led here with bytes that a validator vouches for: nothing here could agree with it. */
static bool proves_nothing(const struct transfer *t)
{
	return body_is_part(t) || (t->offset > 0 && t->tail_n == 0);
}

void ftp_judge(struct transfer *t)
{
	struct gate_result result = {.size = t->response.content_length};
	int64_t most = t->job->options.max_filesize;

	t->judged = true;
	if (proves_nothing(t)) {
		t->answer = GATE_REFUSE;
		verdict_set(&t->verdict, body_is_part(t) ? VERDICT_TRANSIENT : VERDICT_RESTART, "E_RANGE",
			"the server redirects to FTP, which cannot prove that it is the same file");
		return;
	}
	if (t->offset > 0 && is_another(t)) {
		result.changed = true;
		t->answer = GATE_REFUSE;
		t->verdict.most_restarts = GATE_CHANGES_MAX;
		verdict_set(&t->verdict,
			t->job->changes >= GATE_CHANGES_MAX ? VERDICT_PERMANENT : VERDICT_RESTART,
			"E_CHANGED", "the file changed on the server");
	} else if (most > 0 && result.size > most) {
		t->answer = GATE_REFUSE;
		verdict_set(&t->verdict, VERDICT_PERMANENT, "E_TOO_LARGE",
			"the file is larger than its job allows");
	} else {
		t->answer = t->offset > 0 ? GATE_APPEND : GATE_START;
	}
	body_apply(t, &result);
}

/* The reply that a command got, 4yz: may work later (RFC 959, 4.2.1). */
static bool is_transient_reply(const struct transfer *t)
{
	long reply = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &reply);
	return reply >= 400 && reply < 500;
}

void ftp_judge_end(struct transfer *t, CURLcode result)
{
	if (result == CURLE_OK && !t->judged) {
		ftp_judge(t);
		/* An empty file has a size or an end, and both were there. */
		if (t->answer == GATE_START && t->job->size < 0)
			t->job->size = 0;
	} else if (result != CURLE_OK && is_transient_reply(t)) {
		verdict_set(&t->verdict, VERDICT_TRANSIENT, "E_FTP", "the server says: not now (%s)",
			t->error[0] ? t->error : "no detail");
	}
}

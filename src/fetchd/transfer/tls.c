/* A body without a length ends with its connection, and over TLS only a close_notify is an end: a mere end of
 * the stream can be anyone's doing (FAULTS N7; RFC 8446, 6.1). libcurl takes both for one (7.88, with OpenSSL
 * 3), so the alert is listened for here. Runs in the worker, inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/tls.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int watcher_index; /* of a bool * in an SSL */

static void make_index(void)
{
	watcher_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static void on_info(const SSL *ssl, int where, int value)
{
	bool *closed;

	if (where != SSL_CB_READ_ALERT || (value & 0xff) != SSL_AD_CLOSE_NOTIFY)
		return;
	closed = SSL_get_ex_data(ssl, watcher_index);
	if (closed)
		*closed = true;
}

CURLcode tls_context_cb(CURL *easy, void *ctx, void *arg)
{
	(void)easy;
	(void)arg;
	pthread_once(&once, make_index);
	SSL_CTX_set_info_callback(ctx, on_info);
	return CURLE_OK;
}

static SSL *session_of(CURL *easy)
{
	struct curl_tlssessioninfo *info = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || !info ||
		info->backend != CURLSSLBACKEND_OPENSSL)
		return NULL;
	return info->internals;
}

void tls_watch_end(CURL *easy, bool *ret_closed)
{
	SSL *ssl = session_of(easy);

	*ret_closed = false;
	if (ssl)
		SSL_set_ex_data(ssl, watcher_index, ret_closed);
}

bool tls_unread(CURL *easy)
{
	SSL *ssl = session_of(easy);

	return ssl && SSL_pending(ssl) > 0;
}

bool tls_is_http2(CURL *easy)
{
	SSL *ssl = session_of(easy);
	const unsigned char *protocol = NULL;
	unsigned n = 0;

	if (ssl)
		SSL_get0_alpn_selected(ssl, &protocol, &n);
	return n == 2 && memcmp(protocol, "h2", 2) == 0;
}

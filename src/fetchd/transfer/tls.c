/* libcurl tells OpenSSL to take a connection that just ends for one that was closed: a body without a length
 * could then be cut by anyone on the way (FAULTS N7, RFC 8446, 6.1). Runs in the worker, inside libcurl.
 */
#include "config.h"

#include "fetchd/transfer/tls.h"

#include <openssl/ssl.h>

CURLcode tls_context_cb(CURL *easy, void *ctx, void *arg)
{
	(void)easy;
	(void)arg;
	SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	return CURLE_OK;
}

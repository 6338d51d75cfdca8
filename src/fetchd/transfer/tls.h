/* What TLS must tell that libcurl does not. Runs in the worker, inside libcurl. */
#ifndef TRANSFER_TLS_H
#define TRANSFER_TLS_H

#include <curl/curl.h>
#include <stdbool.h>

/* CURLOPT_SSL_CTX_FUNCTION. */
CURLcode tls_context_cb(CURL *easy, void *ctx, void *arg);
/* From within easy's header callback: *ret_closed becomes true when the server's close_notify arrives. For a
 * body that ends with its connection, which then serves nobody else; *ret_closed must outlive the handle's
 * use. */
void tls_watch_end(CURL *easy, bool *ret_closed);
/* Decrypted bytes that nobody has read wait in the connection. From within a callback of easy; false without
 * TLS. */
bool tls_unread(CURL *easy);
/* The connection speaks HTTP/2 (RFC 9113, 3.2). */
bool tls_is_http2(CURL *easy);

#endif

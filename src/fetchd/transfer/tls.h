/* What TLS must do that libcurl has no option for. Runs in the worker, inside libcurl. */
#ifndef TRANSFER_TLS_H
#define TRANSFER_TLS_H

#include <curl/curl.h>

/* CURLOPT_SSL_CTX_FUNCTION. */
CURLcode tls_context_cb(CURL *easy, void *ctx, void *arg);

#endif

/* The one file, beside each library's own room, that asks every library for its version. Main thread. */
#include <config.h>

#include "fetchd/versions.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

void versions_print(FILE *to)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

	fprintf(to, "fetchd %s\n", PACKAGE_VERSION);
	fprintf(to, "libcurl %s (%s)\n", curl->version, curl->ssl_version ? curl->ssl_version : "no TLS");
	fprintf(to, "libevent %s\n", event_get_version());
	fprintf(to, "SQLite %s\n", sqlite3_libversion());
	fprintf(to, "jansson %s\n", jansson_version_str());
	fprintf(to, "%s\n", OpenSSL_version(OPENSSL_VERSION));
}

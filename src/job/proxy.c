/* Proxy: the one place that knows which kinds there are. Owns nothing; any thread. */
#include "config.h"

#include "job/proxy.h"

#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "job/origin.h"

#define KINDS "http,https,socks4,socks4a,socks5,socks5h"

char *proxy_normalize(const char *text, char **ret_why)
{
	char *url = strstr(text, "://") ? xstrdup(text) : xasprintf("http://%s", text);
	enum origin_error error;
	struct origin origin;

	*ret_why = NULL;
	error = origin_parse(url, &origin);
	if (error != ORIGIN_OK) {
		*ret_why = xstrdup(origin_error_text(error));
	} else {
		if (!origin_scheme_in(origin.scheme, KINDS)) {
			CLEANUP_FREE char *scheme = text_escape(origin.scheme);

			*ret_why = xasprintf("%s is no kind of proxy (%s)", scheme, KINDS);
		} else if (!*origin.host) {
			*ret_why = xstrdup(origin_error_text(ORIGIN_NO_HOST));
		}
		origin_done(&origin);
	}
	if (!*ret_why)
		return url;
	explicit_bzero(url, strlen(url));
	free(url);
	return NULL;
}

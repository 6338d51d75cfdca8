/* Fuzz: URLs. What is accepted is read the same by everybody, and shown without its secrets. */
#include "config.h"

#include "fuzz.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <strings.h>

#include "fetchd/transfer/address.h"
#include "job/name.h"
#include "job/origin.h"

static void check_same(const char *url, const struct origin *want)
{
	struct origin got;

	assert(origin_parse(url, &got) == ORIGIN_OK);
	assert(strcmp(got.scheme, want->scheme) == 0 && strcmp(got.host, want->host) == 0 &&
		got.port == want->port);
	origin_done(&got);
}

static void check_userinfo(const char *url, const struct origin *origin)
{
	CLEANUP_FREE char *shown = origin_redact(url);
	char *userinfo, *shown_userinfo, *none;
	CLEANUP_FREE char *bare = origin_split_userinfo(url, &userinfo);
	char *shown_bare = origin_split_userinfo(shown, &shown_userinfo);
	CLEANUP_FREE char *same = origin_split_userinfo(bare, &none);
	CLEANUP_FREE char *shown_twice = origin_redact(shown);

	assert((userinfo == NULL) == (shown_userinfo == NULL));
	assert(!shown_userinfo || strcmp(shown_userinfo, "***") == 0);
	assert(strcmp(shown, shown_twice) == 0);
	assert(none == NULL && strcmp(same, bare) == 0);
	check_same(shown, origin);
	check_same(bare, origin);
	free(userinfo);
	free(shown_userinfo);
	free(shown_bare);
}

/* Every "sig=" that begins a parameter is followed by "***" or nothing. */
static void check_values(const char *shown, const char *parameter)
{
	size_t n = strlen(parameter);

	for (const char *at = shown; *at; at++) {
		if (!strchr("?#&;", *at) || strncasecmp(at + 1, parameter, n) != 0)
			continue;
		const char *value = at + 1 + n;
		size_t len = strcspn(value, "&;#");

		assert(len == 0 || (len == 3 && strncmp(value, "***", 3) == 0));
	}
}

/* A proxy reads a host as it likes: in capitals, with a dot behind, as an address of another spelling. */
static void check_privacy(const char *host)
{
	bool private = address_text_is_private(host);
	struct sockaddr_in v4 = {.sin_family = AF_INET};

	if (inet_aton(host, &v4.sin_addr))
		assert(private == address_is_private((const struct sockaddr *)&v4));
	if (host[0] == '[' || host[0] == '\0' || host[strlen(host) - 1] == '.')
		return;
	CLEANUP_FREE char *dotted = xasprintf("%s.", host);

	assert(address_text_is_private(dotted) == private);
	for (char *c = dotted; *c; c++)
		*c = (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	assert(address_text_is_private(dotted) == private);
}

static void check_origin(const char *url, const struct origin *origin)
{
	CLEANUP_FREE char *text = origin_text(origin);
	CLEANUP_FREE char *name = name_from_url(url);

	assert(origin->scheme[0] && origin->port >= 0 && origin->port <= 65535);
	assert(!strpbrk(origin->host, "/?#@\\ ") && (origin->host[0] || origin->port == 0));
	assert(name_refusal(name) == NULL);
	if (origin->host[0] && origin->port > 0)
		check_same(text, origin);
	check_privacy(origin->host);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	CLEANUP_FREE char *url = fuzz_text(data, n);
	struct origin origin;
	CLEANUP_FREE char *shown = origin_redact(url);

	check_values(shown, "sig=");
	check_values(shown, "token=");
	check_values(shown, "X-Amz-Signature=");
	(void)address_text_is_private(url);
	if (origin_parse(url, &origin) != ORIGIN_OK)
		return 0;
	check_origin(url, &origin);
	/* "user:pw@h" is a URL of the scheme "user", to nobody's use. */
	if (origin.port > 0)
		check_userinfo(url, &origin);
	origin_done(&origin);
	return 0;
}

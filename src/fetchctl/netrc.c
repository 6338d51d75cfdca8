/* netrc: words with white space between, or in double quotes where a backslash takes the next character as it
 * is. "machine HOST" and "default" begin an entry, "macdef NAME" a macro that ends with an empty line.
 */
#include "config.h"

#include "fetchctl/netrc.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/secret.h"

struct reader {
	const char *at;
	bool unfinished; /* a quote that never ends */
};

/* The word in quotes that begins at r->at. */
static char *quoted_word(struct reader *r)
{
	char *word = xmalloc(strlen(r->at)), *to = word;

	for (r->at++; *r->at && *r->at != '"'; r->at++) {
		if (*r->at == '\\' && r->at[1])
			r->at++;
		*to++ = *r->at;
	}
	*to = '\0';
	if (*r->at)
		r->at++;
	else
		r->unfinished = true;
	return word;
}

/* NULL at the end. */
static char *next_word(struct reader *r)
{
	static const char space[] = " \t\r\n";
	const char *start;

	r->at += strspn(r->at, space);
	while (*r->at == '#') {
		r->at += strcspn(r->at, "\n");
		r->at += strspn(r->at, space);
	}
	if (!*r->at)
		return NULL;
	if (*r->at == '"')
		return quoted_word(r);
	start = r->at;
	r->at += strcspn(r->at, space);
	return xstrndup(start, (size_t)(r->at - start));
}

static void skip_macro(struct reader *r)
{
	const char *end = strstr(r->at, "\n\n"), *crlf = strstr(r->at, "\n\r\n");

	if (!end || (crlf && crlf < end))
		end = crlf;
	r->at = end ? end : r->at + strlen(r->at);
}

/* ---- entries ------------------------------------------------------------------------------------- */

struct entry {
	char *host; /* NULL: the default */
	struct netrc_login login;
};

static bool begins_entry(const char *word)
{
	return strcmp(word, "machine") == 0 || strcmp(word, "default") == 0;
}

static void entry_done(struct entry *entry)
{
	free(entry->host);
	netrc_login_done(&entry->login);
	*entry = (struct entry){.host = NULL};
}

/* The next word that begins an entry; others, and macros, are passed over. */
static char *find_entry(struct reader *r)
{
	char *word;

	while ((word = next_word(r)) && !begins_entry(word)) {
		if (strcmp(word, "macdef") == 0)
			skip_macro(r);
		secret_free(word);
	}
	return word;
}

static void take_word(struct reader *r, struct entry *entry, const char *word)
{
	if (strcmp(word, "login") == 0)
		secret_set(&entry->login.user, next_word(r));
	else if (strcmp(word, "password") == 0)
		secret_set(&entry->login.password, next_word(r));
	else if (strcmp(word, "account") == 0)
		secret_free(next_word(r));
	else if (strcmp(word, "macdef") == 0)
		skip_macro(r);
}

/* *first: the word that begins the entry, when it was read already; then that of the next one. False at the
 * end. */
static bool next_entry(struct reader *r, struct entry *entry, char **first)
{
	char *word = *first ? *first : find_entry(r);

	*first = NULL;
	*entry = (struct entry){.host = NULL};
	if (!word)
		return false;
	if (strcmp(word, "machine") == 0 && !(entry->host = next_word(r)))
		entry->host = xstrdup("");
	free(word);
	while ((word = next_word(r)) && !begins_entry(word)) {
		take_word(r, entry, word);
		secret_free(word);
	}
	*first = word;
	return true;
}

static bool fits(const struct entry *entry, const char *host, const char *user)
{
	if (entry->host && !text_ieq(entry->host, host))
		return false;
	return !user || !entry->login.user || strcmp(entry->login.user, user) == 0;
}

bool netrc_find(const char *text, const char *host, const char *user, struct netrc_login *ret)
{
	struct reader r = {.at = text};
	struct entry entry;
	char *first = NULL;
	bool found = false;

	*ret = (struct netrc_login){.user = NULL};
	while (!found && next_entry(&r, &entry, &first)) {
		found = fits(&entry, host, user);
		if (found) {
			*ret = entry.login;
			entry.login = (struct netrc_login){.user = NULL};
		}
		entry_done(&entry);
	}
	free(first);
	return found;
}

void netrc_login_done(struct netrc_login *login)
{
	secret_set(&login->user, NULL);
	secret_set(&login->password, NULL);
}

const char *netrc_refusal(const char *text)
{
	struct reader r = {.at = text};
	struct entry entry;
	char *first = NULL;

	while (next_entry(&r, &entry, &first))
		entry_done(&entry);
	free(first);
	return r.unfinished ? "a double quote that never ends" : NULL;
}

/* URL patterns: parts of a text, each a word, a set of words, or a range, and where each stands. */
#include "config.h"

#include "fetchctl/urlglob.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum part_kind { PART_SET, PART_NUMBERS, PART_LETTERS };

/* A set of one is plain text, and no number of a name. */
struct part {
	enum part_kind kind;
	bool pattern;
	char **words;	      /* SET */
	uint64_t first, step; /* ranges */
	int width;	      /* NUMBERS: digits, with zeros in front */
	size_t n;
	size_t at;
};

struct url_glob {
	struct part *parts;
	size_t n_parts;
	size_t count;
	bool begun, ended;
};

/* What is being read. */
struct reader {
	const char *start;
	const char *at;
	struct url_glob *glob;
};

/* ---- reading ------------------------------------------------------------------------------------- */

static struct part *part_new(struct url_glob *glob, enum part_kind kind, bool pattern)
{
	glob->parts = xreallocarray(glob->parts, glob->n_parts + 1, sizeof(*glob->parts));
	glob->parts[glob->n_parts] = (struct part){.kind = kind, .pattern = pattern};
	return &glob->parts[glob->n_parts++];
}

static void add_word(struct part *part, char *word)
{
	part->words = xreallocarray(part->words, part->n + 1, sizeof(*part->words));
	part->words[part->n++] = word;
}

/* Text up to one of the bytes in end, or the end; without its backslashes. */
static char *read_text(struct reader *reader, const char *end)
{
	char *text = xmalloc(strlen(reader->at) + 1), *to = text;

	while (*reader->at && !strchr(end, *reader->at)) {
		if (*reader->at == '\\' && reader->at[1])
			reader->at++;
		*to++ = *reader->at++;
	}
	*to = '\0';
	return text;
}

/* "[::1]" where a host may begin; also with a zone. */
static bool at_address(const struct reader *reader)
{
	const char *host = strstr(reader->start, "://"), *c = reader->at + 1;
	int colons = 0;

	if (!host || reader->at < host + 3 || (reader->at > host + 3 && reader->at[-1] != '@'))
		return false;
	for (; *c && *c != ']'; c++)
		colons += *c == ':';
	return *c == ']' && colons >= 2;
}

static const char *read_set(struct reader *reader)
{
	struct part *part = part_new(reader->glob, PART_SET, true);

	do {
		reader->at++;
		add_word(part, read_text(reader, ",{}"));
	} while (*reader->at == ',');
	if (*reader->at == '{')
		return "a set inside of a set";
	if (*reader->at != '}')
		return "a set without its \"}\"";
	reader->at++;
	return NULL;
}

static bool read_number(struct reader *reader, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)*reader->at))
		return false;
	*ret = strtoull(reader->at, &end, 10);
	/* Twenty digits may not fit. */
	if (end - reader->at > 18)
		return false;
	reader->at = end;
	return true;
}

static bool read_numbers(struct reader *reader, struct part *part, uint64_t *ret_last)
{
	const char *first = reader->at;

	part->kind = PART_NUMBERS;
	if (!read_number(reader, &part->first))
		return false;
	part->width = *first == '0' ? (int)(reader->at - first) : 0;
	return *reader->at++ == '-' && read_number(reader, ret_last);
}

static bool read_letters(struct reader *reader, struct part *part, uint64_t *ret_last)
{
	const char *at = reader->at;

	part->kind = PART_LETTERS;
	if (!isalpha((unsigned char)at[0]) || at[1] != '-' || !isalpha((unsigned char)at[2]) ||
		!islower((unsigned char)at[0]) != !islower((unsigned char)at[2]))
		return false;
	part->first = (unsigned char)at[0];
	*ret_last = (unsigned char)at[2];
	reader->at += 3;
	return true;
}

static const char *read_range(struct reader *reader)
{
	struct part *part = part_new(reader->glob, PART_NUMBERS, true);
	uint64_t last = 0;
	bool numbers = isdigit((unsigned char)*++reader->at);

	part->step = 1;
	if (!(numbers ? read_numbers(reader, part, &last) : read_letters(reader, part, &last)))
		return "not a range such as [1-100], [001-100:10] or [a-z]";
	if (*reader->at == ':' && (reader->at++, !read_number(reader, &part->step) || part->step == 0))
		return "the step of a range is a number of 1 or more";
	if (*reader->at != ']')
		return "a range without its \"]\"";
	if (last < part->first)
		return "a range that goes backwards";
	reader->at++;
	part->n = (last - part->first) / part->step >= URL_GLOB_MAX ? URL_GLOB_MAX + 1
								    : (last - part->first) / part->step + 1;
	return NULL;
}

static const char *read_part(struct reader *reader)
{
	switch (*reader->at) {
	case '{': return read_set(reader);
	case '}': return "a \"}\" without its \"{\"";
	case ']': return "a \"]\" without its \"[\"";
	case '[':
		if (!at_address(reader))
			return read_range(reader);
		break;
	}
	/* An address comes with its brackets. */
	bool address = *reader->at == '[';
	struct part *part = part_new(reader->glob, PART_SET, false);

	add_word(part, read_text(reader, address ? "]" : "{}[]"));
	if (address) {
		char *bare = part->words[0];

		part->words[0] = xasprintf("%s]", bare);
		free(bare);
		reader->at++;
	}
	return NULL;
}

const char *url_glob_parse(const char *pattern, struct url_glob **ret, size_t *ret_position)
{
	struct reader reader = {.start = pattern, .at = pattern, .glob = xcalloc(1, sizeof(struct url_glob))};
	struct url_glob *glob = reader.glob;
	const char *why = NULL;
	const char *part = pattern;

	glob->count = 1;
	while (*reader.at && !why) {
		part = reader.at;
		why = read_part(&reader);
		if (!why && glob->parts[glob->n_parts - 1].n > URL_GLOB_MAX / glob->count)
			why = "it stands for more than 1000000 URLs";
		if (!why)
			glob->count *= glob->parts[glob->n_parts - 1].n;
	}
	*ret = why ? NULL : glob;
	*ret_position = (size_t)(part - pattern);
	if (why)
		url_glob_free(glob);
	return why;
}

void url_glob_free(struct url_glob *glob)
{
	if (!glob)
		return;
	for (size_t i = 0; i < glob->n_parts; i++) {
		for (size_t w = 0; glob->parts[i].words && w < glob->parts[i].n; w++)
			free(glob->parts[i].words[w]);
		free(glob->parts[i].words);
	}
	free(glob->parts);
	free(glob);
}

size_t url_glob_count(const struct url_glob *glob)
{
	return glob->count;
}

/* ---- telling ------------------------------------------------------------------------------------- */

static char *part_text(const struct part *part)
{
	uint64_t value = part->first + part->at * part->step;

	switch (part->kind) {
	case PART_SET: return xstrdup(part->words[part->at]);
	case PART_LETTERS: return xasprintf("%c", (int)value);
	case PART_NUMBERS: break;
	}
	return xasprintf("%0*llu", part->width, (unsigned long long)value);
}

/* False: that was the last. */
static bool advance(struct url_glob *glob)
{
	for (size_t i = glob->n_parts; i > 0; i--) {
		struct part *part = &glob->parts[i - 1];

		if (++part->at < part->n)
			return true;
		part->at = 0;
	}
	return false;
}

static void append(char **text, const char *more)
{
	char *longer = xasprintf("%s%s", *text, more);

	free(*text);
	*text = longer;
}

char *url_glob_next(struct url_glob *glob)
{
	char *url;

	glob->ended = glob->ended || (glob->begun && !advance(glob));
	glob->begun = true;
	if (glob->ended)
		return NULL;
	url = xstrdup("");
	for (size_t i = 0; i < glob->n_parts; i++) {
		CLEANUP_FREE char *text = part_text(&glob->parts[i]);

		append(&url, text);
	}
	return url;
}

/* The n-th set or range, from 1; NULL: there is none. */
static const struct part *numbered(const struct url_glob *glob, unsigned long n)
{
	for (size_t i = 0; i < glob->n_parts; i++)
		if (glob->parts[i].pattern && --n == 0)
			return &glob->parts[i];
	return NULL;
}

char *url_glob_name(const struct url_glob *glob, const char *name)
{
	char *result = xstrdup("");

	while (*name) {
		char *end = NULL;
		unsigned long n =
			*name == '#' && isdigit((unsigned char)name[1]) ? strtoul(name + 1, &end, 10) : 0;
		const struct part *part = n > 0 ? numbered(glob, n) : NULL;
		CLEANUP_FREE char *text = part ? part_text(part) : xstrndup(name, 1);

		append(&result, text);
		name = part ? end : name + 1;
	}
	return result;
}

/* Eventline: a table of letters, and what each stands for. */
#include "config.h"

#include "fetchctl/eventline.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

static const struct {
	char letter;
	const char *member;
	bool of_event; /* else of its job */
} letters[] = {
	{'c', "id", true},
	{'t', "time_usec", true},
	{'k', "kind", true},
	{'i', "job_id", true},
	{'h', "hook", true},
	{'n', "name", false},
	{'p', "path", false},
	{'u', "url", false},
	{'g', "group", false},
	{'s', "size", false},
	{'e', "error", false},
};

/* -1: no such letter. */
static int find(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		if (letters[i].letter == letter)
			return (int)i;
	return -1;
}

const char *eventline_check(const char *format)
{
	for (; *format; format++) {
		if (*format == '%' && *++format != '%' && find(*format) < 0)
			return "behind % stands one of c t k i h n p u g s e %";
		if (*format == '\\' && (!*++format || !strchr("tn\\", *format)))
			return "behind \\ stands one of t n \\";
	}
	return NULL;
}

char *eventline_member(const json_t *event, char letter)
{
	int i = find(letter);
	const json_t *from = letters[i].of_event ? event : json_object_get(event, "job");
	const json_t *value = json_object_get(from, letters[i].member);

	if (json_is_object(value))
		value = json_object_get(value, "code");
	if (json_is_integer(value))
		return xasprintf("%lld", (long long)json_integer_value(value));
	return xstrdup(json_is_string(value) ? json_string_value(value) : "");
}

static void put_member(FILE *to, char letter, const json_t *event)
{
	CLEANUP_FREE char *text = eventline_member(event, letter);
	CLEANUP_FREE char *safe = text_escape(text);

	fputs(safe, to);
}

char *eventline(const char *format, const json_t *event)
{
	char *text = NULL;
	size_t len;
	FILE *to = open_memstream(&text, &len);

	if (!to)
		abort();
	for (; *format; format++) {
		if (*format == '%' && *++format != '%')
			put_member(to, *format, event);
		else if (*format == '\\')
			fputc(*++format == 't' ? '\t' : *format == 'n' ? '\n' : '\\', to);
		else
			fputc(*format, to);
	}
	fputc('\n', to);
	if (fclose(to) != 0)
		abort();
	return text;
}

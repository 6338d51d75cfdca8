/* Line: most text is plain ASCII, which is copied as it is. */
#include "config.h"

#include "fetchctl/line.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* Room for n more bytes, which the caller fills. */
static char *grow(struct line *line, size_t n)
{
	char *end;

	if (!line->text || line->cap - line->len < n) {
		line->cap = 2 * (line->len + n) + 256;
		line->text = xreallocarray(line->text, line->cap, 1);
	}
	end = line->text + line->len;
	line->len += n;
	return end;
}

static void put_n(struct line *line, const char *text, size_t n)
{
	memcpy(grow(line, n), text, n);
}

void line_put(struct line *line, const char *text)
{
	put_n(line, text, strlen(text));
}

void line_put_char(struct line *line, char c)
{
	*grow(line, 1) = c;
}

void line_put_number(struct line *line, int64_t n)
{
	char digits[24], *at = digits + sizeof(digits);
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;

	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (n < 0)
		*--at = '-';
	put_n(line, at, (size_t)(digits + sizeof(digits) - at));
}

void line_put_escaped(struct line *line, const char *text, size_t n)
{
	size_t plain = 0;

	while (plain < n && text[plain] >= ' ' && text[plain] <= '~')
		plain++;
	put_n(line, text, plain);
	if (plain < n) {
		CLEANUP_FREE char *rest = text_escape_n(text + plain, n - plain);

		line_put(line, rest);
	}
}

void line_put_blanks(struct line *line, size_t n)
{
	memset(grow(line, n), ' ', n);
}

void line_end(struct line *line)
{
	while (line->len > 0 && line->text[line->len - 1] == ' ')
		line->len--;
	line_put_char(line, '\n');
	fwrite(line->text, 1, line->len, stdout);
	line->len = 0;
}

/* Line: text that grows until it is written at once, so that a row costs one call of stdio. */
#ifndef FETCHCTL_LINE_H
#define FETCHCTL_LINE_H

#include <stddef.h>
#include <stdint.h>

struct line {
	char *text; /* NULL at first; not ended by NUL; free() it */
	size_t len;
	size_t cap;
};

void line_put(struct line *line, const char *text);
void line_put_char(struct line *line, char c);
void line_put_number(struct line *line, int64_t n);
/* As text_escape() has it. */
void line_put_escaped(struct line *line, const char *text, size_t n);
void line_put_blanks(struct line *line, size_t n);
/* To standard output, without blanks at its end, and with a newline; then it is empty again. A failed write
 * is found by out_flush(). */
void line_end(struct line *line);

#endif

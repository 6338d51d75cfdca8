/* Screen: the terminal in full-screen mode; the one place that knows ncurses. There is one at a time. What is
 * put leaves with screen_end(), and of that only what differs from what stands there. */
#ifndef FETCHCTL_TOP_SCREEN_H
#define FETCHCTL_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "fetchctl/ctl.h"
#include "fetchctl/top/glyphs.h"
#include "fetchctl/top/style.h"

struct screen;

/* Keys that are no character; characters are their code points. */
enum screen_key {
	SCREEN_NONE = 0,
	SCREEN_UP = -100,
	SCREEN_DOWN,
	SCREEN_LEFT,
	SCREEN_RIGHT,
	SCREEN_PAGE_UP,
	SCREEN_PAGE_DOWN,
	SCREEN_HOME,
	SCREEN_END,
	SCREEN_BACKSPACE,
	SCREEN_ENTER,
	SCREEN_ESCAPE,
	SCREEN_TAB,
	SCREEN_BACKTAB,
	SCREEN_REDRAW, /* Ctrl-L */
	SCREEN_ERASE,  /* Ctrl-U */
	SCREEN_OTHER,
};

/* 0, or the exit status after a message: standard input and output must be a terminal that can do it. */
int screen_open(const struct settings *settings, struct screen **ret);
/* The terminal is as it was. NULL is fine. */
void screen_close(struct screen *screen);
/* The same for a while: whoever has the terminal then may do with it as he likes. */
void screen_suspend(struct screen *screen);
void screen_resume(struct screen *screen);
/* The terminal has another size. */
void screen_resized(struct screen *screen);
/* All of it anew, should something else have written there. */
void screen_redraw(struct screen *screen);

size_t screen_columns(const struct screen *screen);
size_t screen_rows(const struct screen *screen);
enum glyphs screen_glyphs(const struct screen *screen);
/* The next key pressed, or SCREEN_NONE. */
int screen_key(struct screen *screen);

/* To be added to a style: */
#define SCREEN_CURSOR 0x100 /* of the row under the cursor */
#define SCREEN_AT_END 0x200 /* text stands at the right edge */

/* Begins a frame: an empty screen. */
void screen_begin(struct screen *screen);
/* Text, escaped, in width columns: cut, or filled up with spaces. */
void screen_put(struct screen *screen, size_t row, size_t column, size_t width, int style, const char *text);
/* Shows the terminal's own cursor in this frame. */
void screen_cursor(struct screen *screen, size_t row, size_t column);
void screen_end(struct screen *screen);

/* "ncurses 6.4.20221231" */
const char *screen_library_version(void);

#endif

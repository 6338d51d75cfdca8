/* Screen: owns the terminal between screen_open() and screen_close(). Signals are the loop's: those for which
 * ncurses has handlers are blocked there, and read from a signalfd.
 */
#include "config.h"

#include "fetchctl/top/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/alloc.h"
#include "base/text.h"
#include "fetchctl/term.h"

/* Last: term.h makes macros of common words. */
#include <curses.h>
#include <term.h>

/* A key's sequence comes in one piece; what is pressed after an Escape does not come so soon. */
#define ESCAPE_MSEC 25

struct screen {
	SCREEN *curses;
	enum glyphs glyphs;
	bool color;
	bool shaded; /* there are colours enough for a cursor row that keeps those of its cells */
	bool cursor; /* the terminal's own is shown in this frame */
	int cursor_row, cursor_column;
};

/* How each style looks: on 256 colours, on 8, and on none. */
static const struct look {
	short rich, plain; /* foregrounds; -1: the terminal's own */
	attr_t with, without;
} looks[STYLE_N] = {
	[STYLE_PLAIN] = {-1, -1, A_NORMAL, A_NORMAL},
	[STYLE_DIM] = {244, -1, A_NORMAL, A_DIM},
	[STYLE_STRONG] = {-1, -1, A_BOLD, A_BOLD},
	[STYLE_ACCENT] = {74, COLOR_CYAN, A_NORMAL, A_NORMAL},
	[STYLE_GOOD] = {108, COLOR_GREEN, A_NORMAL, A_NORMAL},
	[STYLE_WARN] = {179, COLOR_YELLOW, A_NORMAL, A_NORMAL},
	[STYLE_BAD] = {167, COLOR_RED, A_NORMAL, A_BOLD},
	[STYLE_HEADING] = {244, -1, A_NORMAL, A_BOLD},
	[STYLE_TAB] = {74, COLOR_CYAN, A_BOLD | A_UNDERLINE, A_BOLD | A_UNDERLINE},
	[STYLE_GRAPH_LOW] = {31, COLOR_CYAN, A_NORMAL, A_NORMAL},
	[STYLE_GRAPH_MIDDLE] = {37, COLOR_CYAN, A_NORMAL, A_NORMAL},
	[STYLE_GRAPH_HIGH] = {79, COLOR_CYAN, A_NORMAL, A_NORMAL},
};
/* The row under the cursor, on 256 colours: readable whatever the terminal's own two are. */
#define SHADE_FOREGROUND 254
#define SHADE_DIM	 249
#define SHADE_BACKGROUND 238

/* ---- opening ------------------------------------------------------------------------------------- */

/* Whether the terminal is told to speak UTF-8; main() takes names for that in any locale. */
static bool locale_is_utf8(void)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8 = locale && strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;

	if (locale)
		freelocale(locale);
	return utf8;
}

static enum glyphs choose_glyphs(const char *term)
{
	if (!locale_is_utf8())
		return GLYPHS_ASCII;
	/* The kernel's console has 512 characters at most; braille is not among them. */
	return strcmp(term, "linux") == 0 ? GLYPHS_BLOCKS : GLYPHS_BRAILLE;
}

static int refuse(const char *why)
{
	complain(STATUS_USAGE, "top %s", why);
	hint("\"fetchctl status\" shows the same once, \"fetchctl --json watch\" tells what happens.");
	return STATUS_USAGE;
}

/* Whether terminfo says how to move the cursor. What is read for that goes again: newterm() reads its own. */
static bool can_move(void)
{
	const char *move = tigetstr("cup");
	bool can = move && move != (char *)-1;

	del_curterm(cur_term);
	return can;
}

static int check_terminal(const char *term)
{
	CLEANUP_FREE char *why = NULL;
	int error;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return refuse("needs a terminal to draw on");
	if (!term || !*term)
		return refuse("cannot draw: TERM does not say what terminal this is");
	if (setupterm(NULL, STDOUT_FILENO, &error) == ERR)
		why = xasprintf("cannot draw: TERM is \"%s\", and terminfo(5) knows no such terminal", term);
	else if (!can_move())
		why = xasprintf("cannot draw: a terminal of type \"%s\" has no cursor to move", term);
	return why ? refuse(why) : 0;
}

/* A style's pair, and the same on the cursor's row, STYLE_N further. */
static void make_colors(struct screen *screen)
{
	start_color();
	use_default_colors();
	screen->shaded = COLORS >= 256 && COLOR_PAIRS > 2 * STYLE_N;
	for (short style = 0; style < STYLE_N; style++) {
		short color = screen->shaded ? looks[style].rich : looks[style].plain;

		init_pair((short)(1 + style), color, -1);
		if (screen->shaded)
			init_pair((short)(1 + STYLE_N + style),
				color < 0			 ? SHADE_FOREGROUND
				: color == looks[STYLE_DIM].rich ? SHADE_DIM
								 : color,
				SHADE_BACKGROUND);
	}
}

static void set_modes(void)
{
	cbreak();
	noecho();
	nonl();
	set_escdelay(ESCAPE_MSEC);
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
}

int screen_open(const struct settings *settings, struct screen **ret)
{
	const char *term = getenv("TERM");
	int status = check_terminal(term);
	struct screen *screen;

	if (status != 0)
		return status;
	screen = xcalloc(1, sizeof(*screen));
	screen->curses = newterm(NULL, stdout, stdin);
	if (!screen->curses) {
		free(screen);
		return refuse("cannot draw on this terminal");
	}
	set_modes();
	screen->glyphs = choose_glyphs(term);
	screen->color = term_color(STDOUT_FILENO, settings->color) && has_colors();
	if (screen->color)
		make_colors(screen);
	screen_resized(screen);
	*ret = screen;
	return 0;
}

void screen_close(struct screen *screen)
{
	if (!screen)
		return;
	screen_suspend(screen);
	delscreen(screen->curses);
	free(screen);
}

void screen_suspend(struct screen *screen)
{
	(void)screen;
	curs_set(1);
	endwin();
}

void screen_resume(struct screen *screen)
{
	reset_prog_mode();
	curs_set(0);
	screen_resized(screen);
	screen_redraw(screen);
}

void screen_resized(struct screen *screen)
{
	struct winsize window = {.ws_row = 0};

	(void)screen;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0 && window.ws_col > 0)
		resizeterm(window.ws_row, window.ws_col);
}

void screen_redraw(struct screen *screen)
{
	(void)screen;
	clearok(curscr, TRUE);
}

size_t screen_columns(const struct screen *screen)
{
	(void)screen;
	return (size_t)COLS;
}

size_t screen_rows(const struct screen *screen)
{
	(void)screen;
	return (size_t)LINES;
}

enum glyphs screen_glyphs(const struct screen *screen)
{
	return screen->glyphs;
}

/* ---- keys ---------------------------------------------------------------------------------------- */

static int special_key(wint_t code)
{
	static const struct {
		wint_t code;
		int key;
	} keys[] = {
		{KEY_UP, SCREEN_UP},
		{KEY_DOWN, SCREEN_DOWN},
		{KEY_LEFT, SCREEN_LEFT},
		{KEY_RIGHT, SCREEN_RIGHT},
		{KEY_PPAGE, SCREEN_PAGE_UP},
		{KEY_NPAGE, SCREEN_PAGE_DOWN},
		{KEY_HOME, SCREEN_HOME},
		{KEY_END, SCREEN_END},
		{KEY_BACKSPACE, SCREEN_BACKSPACE},
		{KEY_ENTER, SCREEN_ENTER},
		{KEY_BTAB, SCREEN_BACKTAB},
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (keys[i].code == code)
			return keys[i].key;
	return SCREEN_OTHER;
}

static int character_key(wint_t c)
{
	switch (c) {
	case '\r':
	case '\n': return SCREEN_ENTER;
	case '\t': return SCREEN_TAB;
	case 0x1b: return SCREEN_ESCAPE;
	case 0x08:
	case 0x7f: return SCREEN_BACKSPACE;
	case 0x0c: return SCREEN_REDRAW;
	case 0x15: return SCREEN_ERASE;
	default: return c < 0x20 ? SCREEN_OTHER : (int)c;
	}
}

int screen_key(struct screen *screen)
{
	wint_t c;

	(void)screen;
	switch (wget_wch(stdscr, &c)) {
	case OK: return character_key(c);
	case KEY_CODE_YES: return special_key(c);
	default: return SCREEN_NONE;
	}
}

/* ---- drawing ------------------------------------------------------------------------------------- */

void screen_begin(struct screen *screen)
{
	screen->cursor = false;
	werase(stdscr);
}

static void set_look(const struct screen *screen, int style)
{
	bool cursor = style & SCREEN_CURSOR;
	const struct look *look = &looks[style & 0xff];
	short pair = 0;

	if (screen->color && !(cursor && !screen->shaded))
		pair = (short)(1 + (style & 0xff) + (cursor ? STYLE_N : 0));
	wattr_set(stdscr,
		(screen->shaded ? look->with : look->without) |
			(cursor && !screen->shaded ? A_REVERSE : A_NORMAL),
		pair, NULL);
}

static void put_spaces(size_t n)
{
	for (; n > 0; n--)
		waddch(stdscr, ' ');
}

void screen_put(struct screen *screen, size_t row, size_t column, size_t width, int style, const char *text)
{
	CLEANUP_FREE char *cut = NULL;
	size_t taken, left;

	if (row >= screen_rows(screen) || column >= screen_columns(screen))
		return;
	if (width > screen_columns(screen) - column)
		width = screen_columns(screen) - column;
	cut = text_ellipsize(text, width);
	taken = text_width(cut);
	left = width > taken ? width - taken : 0;
	set_look(screen, style);
	if (wmove(stdscr, (int)row, (int)column) == ERR)
		return;
	if (style & SCREEN_AT_END)
		put_spaces(left);
	waddstr(stdscr, cut);
	if (!(style & SCREEN_AT_END))
		put_spaces(left);
}

void screen_cursor(struct screen *screen, size_t row, size_t column)
{
	screen->cursor = true;
	screen->cursor_row = (int)row;
	screen->cursor_column = (int)column;
}

void screen_end(struct screen *screen)
{
	if (screen->cursor)
		wmove(stdscr, screen->cursor_row, screen->cursor_column);
	curs_set(screen->cursor);
	wnoutrefresh(stdscr);
	doupdate();
}

const char *screen_library_version(void)
{
	return curses_version();
}

/* Taskbar: which terminals, and the sequences. */
#include "config.h"

#include "fetchctl/taskbar.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* ghostty forgets after 15 s without a word. */
#define AGAIN_USEC (5 * USEC_PER_SEC)

enum osc_state {
	OSC_CLEAR = 0,
	OSC_NORMAL = 1,
	OSC_ERROR = 2,
	OSC_UNKNOWN = 3,
};

/* "3.6.1" as 3006; 0 when it is none. */
static long version_of(const char *text)
{
	char *end;
	long major;

	if (!text)
		return 0;
	major = strtol(text, &end, 10);
	return major * 1000 + (*end == '.' ? strtol(end + 1, NULL, 10) : 0);
}

static bool is_set(const char *value)
{
	return value && *value;
}

static bool is(const char *value, const char *wanted)
{
	return value && strcmp(value, wanted) == 0;
}

static bool program_known(const char *program, const char *version)
{
	static const struct {
		const char *name;
		long since;
	} programs[] = {
		{"WezTerm", 0},
		{"ghostty", 1002},
		{"iTerm.app", 3006},
	};

	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (is(program, programs[i].name))
			return version_of(version) >= programs[i].since;
	return false;
}

bool taskbar_known(char *(*get)(const char *name))
{
	const char *vte = get("VTE_VERSION");

	if (is_set(get("TMUX")) || is_set(get("STY")))
		return false;
	if (is_set(get("WT_SESSION")) || is(get("ConEmuANSI"), "ON"))
		return true;
	if (is(get("TERM"), "xterm-kitty") && is_set(get("KITTY_WINDOW_ID")))
		return true;
	if (program_known(get("TERM_PROGRAM"), get("TERM_PROGRAM_VERSION")))
		return true;
	return vte && strtol(vte, NULL, 10) >= 8000;
}

static void put(FILE *to, enum osc_state state, int percent)
{
	fprintf(to, "\033]9;4;%d;%d\033\\", (int)state, percent);
}

void taskbar_put(struct taskbar *taskbar, FILE *to, int percent, bool failed, int64_t now_usec)
{
	int wanted = (percent + 2) * 2 + failed;

	if (!taskbar->known || (wanted == taskbar->sent && now_usec - taskbar->sent_usec < AGAIN_USEC))
		return;
	put(to, percent < 0 ? OSC_UNKNOWN : failed ? OSC_ERROR : OSC_NORMAL, percent < 0 ? 0 : percent);
	taskbar->sent = wanted;
	taskbar->sent_usec = now_usec;
}

void taskbar_clear(struct taskbar *taskbar, FILE *to)
{
	if (taskbar->sent)
		put(to, OSC_CLEAR, 0);
	taskbar->sent = 0;
}

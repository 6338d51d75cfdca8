/* Prompt: a line that is typed at its end only. */
#include "config.h"

#include "fetchctl/top/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "fetchctl/top/screen.h"

void prompt_ask(struct prompt *prompt, enum action action, bool yes_no, char *question, json_t *targets,
	const char *text)
{
	prompt_close(prompt);
	*prompt =
		(struct prompt){.question = question, .action = action, .yes_no = yes_no, .targets = targets};
	snprintf(prompt->text, sizeof(prompt->text), "%s", text);
	prompt->len = strlen(prompt->text);
}

void prompt_close(struct prompt *prompt)
{
	free(prompt->question);
	json_decref(prompt->targets);
	*prompt = (struct prompt){.question = NULL};
}

/* RFC 3629. */
static size_t encode(unsigned c, char ret[4])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i > 1; i--) {
		ret[i - 1] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	ret[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xffu) | c);
	return n;
}

static void type(struct prompt *prompt, int key)
{
	char bytes[4];
	size_t n = encode((unsigned)key, bytes);

	if (prompt->len + n > PROMPT_MAX || text_cp_hidden((unsigned)key))
		return;
	memcpy(prompt->text + prompt->len, bytes, n);
	prompt->len += n;
	prompt->text[prompt->len] = '\0';
}

static void erase_one(struct prompt *prompt)
{
	while (prompt->len > 0 && ((unsigned char)prompt->text[--prompt->len] & 0xc0) == 0x80)
		;
	prompt->text[prompt->len] = '\0';
}

enum prompt_step prompt_key(struct prompt *prompt, int key)
{
	if (key == SCREEN_ESCAPE)
		return PROMPT_DROPPED;
	if (prompt->yes_no)
		return key == 'y' || key == 'Y' ? PROMPT_ANSWERED : PROMPT_DROPPED;
	if (key == SCREEN_ENTER)
		return PROMPT_ANSWERED;
	/* As in vi(1): to erase what is not there leaves. */
	if (key == SCREEN_BACKSPACE && prompt->len == 0)
		return PROMPT_DROPPED;
	if (key == SCREEN_BACKSPACE)
		erase_one(prompt);
	else if (key == SCREEN_ERASE)
		prompt->text[prompt->len = 0] = '\0';
	else if (key > 0)
		type(prompt, key);
	return PROMPT_GOES_ON;
}

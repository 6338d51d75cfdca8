/* Prompt: a question in the last line, and what is typed there. Pure. */
#ifndef FETCHCTL_TOP_PROMPT_H
#define FETCHCTL_TOP_PROMPT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "fetchctl/top/keys.h"

#define PROMPT_MAX 200

struct prompt {
	char *question; /* escaped; NULL: nothing is asked */
	enum action action;
	bool yes_no;	 /* one key answers: only y is yes */
	json_t *targets; /* what is meant, as it was when it was asked; owned */
	char text[PROMPT_MAX + 1];
	size_t len;
};

enum prompt_step {
	PROMPT_GOES_ON,
	PROMPT_ANSWERED,
	PROMPT_DROPPED,
};

/* Takes question and targets (may be NULL). text: what stands there already. */
void prompt_ask(struct prompt *prompt, enum action action, bool yes_no, char *question, json_t *targets,
	const char *text);
enum prompt_step prompt_key(struct prompt *prompt, int key);
/* Nothing is asked any more. */
void prompt_close(struct prompt *prompt);

#endif

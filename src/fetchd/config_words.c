/* Words: an argument vector from one line, quoted as in a shell, by no shell: nothing is expanded. Pure. */
#include <config.h>

#include "fetchd/config_private.h"

#include <string.h>

#include "base/alloc.h"

#define SPACE " \t\n"

/* What "\" keeps its meaning before, within double quotes; elsewhere it stands for itself. */
static bool escapes(char quote, char next)
{
	return next && (quote != '"' || strchr("\"\\$`", next));
}

/* One word at *text, which is moved behind it; there is one. NULL: a quote is not closed. Caller frees. */
static char *next_word(const char **text)
{
	const char *p = *text;
	char *word = xmalloc(strlen(p) + 1), quote = '\0';
	size_t n = 0;

	for (; *p && (quote || !strchr(SPACE, *p)); p++) {
		if (*p == '\\' && quote != '\'' && escapes(quote, p[1]))
			word[n++] = *++p;
		else if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? '\0' : *p;
		else
			word[n++] = *p;
	}
	word[n] = '\0';
	*text = p;
	if (!quote)
		return word;
	free(word);
	return NULL;
}

char **config_words_split(const char *text, const char **ret_why)
{
	char **words = xcalloc(1, sizeof(*words));
	size_t n = 0;

	while (*(text += strspn(text, SPACE))) {
		char *word = next_word(&text);
		if (!word) {
			config_words_free(words);
			*ret_why = "a quote is not closed";
			return NULL;
		}
		words = xreallocarray(words, n + 2, sizeof(*words));
		words[n++] = word;
		words[n] = NULL;
	}
	return words;
}

void config_words_free(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

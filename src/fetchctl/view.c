/* View: columns by their name. */
#include "config.h"

#include "fetchctl/view.h"

#include <string.h>

const struct column *view_column(const struct view *view, const char *name, size_t n)
{
	for (size_t i = 0; i < view->n_columns; i++) {
		const char *own = view->columns[i].name;

		if (strncmp(own, name, n) == 0 && own[n] == '\0')
			return &view->columns[i];
	}
	return NULL;
}

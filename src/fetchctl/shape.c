/* Shape: reads lists of columns, and sorts. */
#include "config.h"

#include "fetchctl/shape.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "fetchctl/cell.h"
#include "fetchctl/ctl.h"
#include "fetchctl/suggest.h"

/* ---- reading ------------------------------------------------------------------------------------- */

/* "id, state, … and url". Caller frees. */
static char *known_names(const struct view *view)
{
	char *names = xstrdup(view->columns[0].name);

	for (size_t i = 1; i < view->n_columns; i++) {
		char *longer = xasprintf(
			"%s%s%s", names, i + 1 < view->n_columns ? ", " : " and ", view->columns[i].name);

		free(names);
		names = longer;
	}
	return names;
}

static int refuse(const struct view *view, const char *option, const char *name, size_t n)
{
	CLEANUP_FREE char *typed = xstrndup(name, n), *known = known_names(view);
	struct suggest suggest;

	suggest_init(&suggest, typed);
	for (size_t i = 0; i < view->n_columns; i++)
		suggest_offer(&suggest, view->columns[i].name);
	if (n == 0)
		complain(STATUS_USAGE, "--%s: a name is missing", option);
	else
		complain(STATUS_USAGE, "--%s: %s have no column \"%s\"", option, view->what, typed);
	if (n > 0 && suggest.best)
		hint("Did you mean \"%s\"?", suggest.best);
	hint("Columns are %s.", known);
	return STATUS_USAGE;
}

/* Names with commas between. option: for the message. */
static int read_columns(
	struct columns *columns, const struct view *view, const char *option, const char *list)
{
	for (bool more = true; more;) {
		size_t n = strcspn(list, ",");
		const struct column *column = view_column(view, list, n);

		if (!column)
			return refuse(view, option, list, n);
		columns->at = xreallocarray(columns->at, columns->n + 1, sizeof(*columns->at));
		columns->at[columns->n++] = column;
		more = list[n] == ',';
		list += n + 1;
	}
	return 0;
}

bool shape_wanted(const struct args *args)
{
	return args_has(args, OPT_COLUMNS) || args_has(args, OPT_SORT) || args_has(args, OPT_REVERSE);
}

int shape_read(struct shape *shape, const struct view *view, const struct args *args, bool json)
{
	const char *columns = args_value(args, OPT_COLUMNS), *sort = args_value(args, OPT_SORT);
	int status = 0;

	*shape = (struct shape){.view = view, .reverse = args_has(args, OPT_REVERSE)};
	if (columns && json)
		return complain(STATUS_USAGE, "--columns is for text; with --json every object is whole");
	if (columns)
		status = read_columns(&shape->chosen, view, "columns", columns);
	if (status == 0 && sort)
		status = read_columns(&shape->sort, view, "sort", sort);
	return status;
}

void shape_done(struct shape *shape)
{
	free(shape->chosen.at);
	free(shape->sort.at);
	*shape = (struct shape){.view = NULL};
}

struct columns shape_columns(const struct shape *shape, size_t terminal)
{
	struct columns all = {.n = 0}, shown = {.n = 0};

	if (shape->chosen.n > 0) {
		shown.n = shape->chosen.n;
		shown.at = xmemdup(shape->chosen.at, shown.n * sizeof(*shown.at));
		return shown;
	}
	if (read_columns(
		    &all, shape->view, "columns", terminal ? shape->view->aligned : shape->view->plain) != 0)
		abort();
	for (size_t i = 0; i < all.n; i++)
		if (terminal == 0 || all.at[i]->wanted <= terminal)
			all.at[shown.n++] = all.at[i];
	shown.at = all.at;
	return shown;
}

/* ---- order --------------------------------------------------------------------------------------- */

struct place {
	const json_t *row;
	size_t number; /* among those that came */
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct place *left = a, *right = b;
	const struct shape *shape = arg;
	int order = 0;

	for (size_t i = 0; order == 0 && i < shape->sort.n; i++)
		order = cell_compare(shape->sort.at[i], left->row, right->row);
	if (order == 0)
		order = left->number < right->number ? -1 : 1;
	return shape->reverse ? -order : order;
}

bool shape_gathers(const struct shape *shape)
{
	return shape->sort.n > 0 || shape->reverse;
}

json_t *shape_sort(const struct shape *shape, const json_t *rows)
{
	size_t n = json_array_size(rows), most = shape->most > 0 && shape->most < n ? shape->most : n;
	CLEANUP_FREE struct place *places = xcalloc(n + 1, sizeof(*places));
	json_t *sorted = json_array();

	for (size_t i = 0; i < n; i++)
		places[i] = (struct place){.row = json_array_get(rows, i), .number = i};
	if (shape_gathers(shape))
		qsort_r(places, n, sizeof(*places), compare, (void *)shape);
	for (size_t i = 0; i < most; i++)
		if (json_array_append(sorted, (json_t *)places[i].row) < 0)
			abort();
	return sorted;
}

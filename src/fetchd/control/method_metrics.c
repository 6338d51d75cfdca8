/* io.fetchd.Manager.Metrics: from memory, whatever the database does. For everyone: no figure is of one user,
 * host or job. Main thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include <string.h>

#include "base/alloc.h"
#include "fetchd/control/internal.h"

struct params {
	const char *format;
};

void method_metrics_start(struct call *call, json_t *parameters)
{
	static const struct param table[] = {
		{"format", PARAM_STRING, offsetof(struct params, format), false}};
	const struct control_setup *setup = &call->control->setup;
	struct params params = {.format = "openmetrics"};
	bool prometheus;

	if (!call_read_params(call, parameters, table, ARRAY_LEN(table), &params))
		return;
	prometheus = strcmp(params.format, "prometheus") == 0;
	if (!prometheus && strcmp(params.format, "openmetrics") != 0) {
		call_invalid_parameter(call, "format");
		return;
	}
	CLEANUP_FREE char *text = setup->metrics(prometheus, setup->arg);

	call_reply(call, json_pack("{s:s}", "text", text), false);
}

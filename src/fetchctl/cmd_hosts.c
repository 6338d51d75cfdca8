/* fetchctl hosts: origins with something to do, what they take, and what holds them. */
#include "config.h"

#include "base/alloc.h"
#include "fetchctl/call.h"
#include "fetchctl/cmd.h"
#include "fetchctl/out.h"

static bool take_page(void *state, const json_t *parameters)
{
	const json_t *hosts = json_object_get(parameters, "hosts");
	struct out *out = state;

	for (size_t i = 0; i < json_array_size(hosts); i++)
		out_row(out, json_array_get(hosts, i));
	return true;
}

static int run(struct ctl *ctl, const struct args *args)
{
	struct shape shape;
	int status = shape_read(&shape, &view_hosts, args, ctl->settings.json);

	if (status == 0) {
		out_rows_begin(ctl->out, &shape);
		status = ctl_stream(ctl, "Hosts", NULL, take_page, ctl->out);
		out_rows_end(ctl->out);
	}
	shape_done(&shape);
	return status;
}

const struct cmd cmd_hosts = {
	.name = "hosts",
	.usage = CMD_USAGE(""),
	.summary = "show the hosts: what runs, what they take, what holds them",
	.notes = "LIMIT is how many transfers at once the host was found to take, of MaxPerHost. Hosts that "
		 "have\n"
		 "nothing to do and are not held are not shown for long.",
	.options = CMD_OPTIONS(CMD_ROW_OPTIONS),
	.views = CMD_VIEWS(&view_hosts),
	.pages = true,
	.run = run,
};

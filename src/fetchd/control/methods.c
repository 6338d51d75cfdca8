/* The method table: what can be called. Main thread. A new method is a line here and a file of its own. */
#include <config.h>

#include "fetchd/control/methods.h"

#include <string.h>

#include "base/alloc.h"
#include "fetchd/control/internal.h"

static const struct method methods[] = {
	{.name = "org.varlink.service.GetInfo", .start = method_get_info_start},
	{.name = "org.varlink.service.GetInterfaceDescription", .start = method_get_interface_start},
	{
		.name = WIRE_INTERFACE ".Add",
		.ahead = true,
		.start = method_add_start,
		.reply = method_add_reply,
	},
	{
		.name = WIRE_INTERFACE ".List",
		.start = method_list_start,
		.reply = method_list_reply,
		.drained = method_list_drained,
		.end = method_list_end,
	},
	{.name = WIRE_INTERFACE ".Inspect", .start = method_inspect_start, .reply = method_inspect_reply},
	{.name = WIRE_INTERFACE ".Hosts", .start = method_hosts_start, .reply = method_hosts_reply},
	{.name = WIRE_INTERFACE ".Verify", .start = method_verify_start, .reply = method_verify_reply},
	{.name = WIRE_INTERFACE ".Status", .start = method_status_start},
	{
		.name = WIRE_INTERFACE ".Watch",
		.streams = true,
		.start = method_watch_start,
		.reply = method_watch_reply,
		.drained = method_watch_drained,
		.end = method_watch_end,
	},
	{.name = WIRE_INTERFACE ".Pause", .start = method_pause_start, .reply = method_change_reply},
	{.name = WIRE_INTERFACE ".Resume", .start = method_resume_start, .reply = method_change_reply},
	{.name = WIRE_INTERFACE ".Cancel", .start = method_cancel_start, .reply = method_change_reply},
	{.name = WIRE_INTERFACE ".Retry", .start = method_retry_start, .reply = method_change_reply},
	{.name = WIRE_INTERFACE ".Remove", .start = method_remove_start, .reply = method_change_reply},
	{
		.name = WIRE_INTERFACE ".GroupList",
		.start = method_group_list_start,
		.reply = method_group_list_reply,
		.drained = method_group_list_drained,
		.end = method_group_list_end,
	},
	{
		.name = WIRE_INTERFACE ".GroupInspect",
		.start = method_group_inspect_start,
		.reply = method_group_inspect_reply,
	},
	{
		.name = WIRE_INTERFACE ".GroupCreate",
		.start = method_group_create_start,
		.reply = method_group_done_reply,
	},
	{
		.name = WIRE_INTERFACE ".GroupRemove",
		.start = method_group_remove_start,
		.reply = method_group_done_reply,
	},
	{.name = WIRE_INTERFACE ".Edit", .start = method_edit_start, .reply = method_change_reply},
	{
		.name = WIRE_INTERFACE ".Backup",
		.streams = true,
		.start = method_backup_start,
		.reply = method_backup_reply,
		.drained = method_backup_drained,
		.end = method_backup_end,
	},
	{.name = WIRE_INTERFACE ".Drain", .start = method_drain_start, .reply = method_drain_reply},
	{.name = WIRE_INTERFACE ".Limits", .start = method_limits_start, .reply = method_limits_reply},
	{
		.name = WIRE_INTERFACE ".SetLimit",
		.start = method_set_limit_start,
		.reply = method_set_limit_reply,
	},
	{.name = WIRE_INTERFACE ".Metrics", .start = method_metrics_start},
	{.name = WIRE_INTERFACE ".Ping", .start = method_ping_start},
};

const struct method *method_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (!strcmp(methods[i].name, name))
			return &methods[i];
	return NULL;
}

bool method_interface_known(const char *name)
{
	size_t n = (size_t)(strrchr(name, '.') - name);
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (!strncmp(methods[i].name, name, n + 1) && !strchr(methods[i].name + n + 1, '.'))
			return true;
	return false;
}

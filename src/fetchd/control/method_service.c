/* org.varlink.service (varlink.org, "Service"): what this service is, and its interfaces' descriptions. Main
 * thread. */
#include <config.h>

#include "fetchd/control/methods.h"

#include <string.h>

#include "base/alloc.h"

#define SERVICE_INTERFACE "org.varlink.service"

static const char service_text[] =
	"# Every Varlink service has this interface.\n"
	"interface " SERVICE_INTERFACE "\n"
	"\n"
	"method GetInfo() -> (\n"
	"  vendor: string, product: string, version: string, url: string, interfaces: []string\n"
	")\n"
	"\n"
	"method GetInterfaceDescription(interface: string) -> (description: string)\n"
	"\n"
	"error InterfaceNotFound (interface: string)\n"
	"error MethodNotFound (method: string)\n"
	"error MethodNotImplemented (method: string)\n"
	"error InvalidParameter (parameter: string)\n"
	"error PermissionDenied ()\n"
	"error ExpectedMore ()\n";

static const struct {
	const char *name;
	const char *text;
} interfaces[] = {
	{SERVICE_INTERFACE, service_text},
	{WIRE_INTERFACE, wire_interface_text},
};

void method_get_info_start(struct call *call, json_t *parameters)
{
	if (!call_read_params(call, parameters, NULL, 0, NULL))
		return;
	call_reply(call,
		json_pack("{s:s, s:s, s:s, s:s, s:[s, s]}", "vendor", "fetchd", "product", "fetchd",
			"version", PACKAGE_VERSION, "url", "man:fetchd-varlink(7)", "interfaces",
			SERVICE_INTERFACE, WIRE_INTERFACE),
		false);
}

void method_get_interface_start(struct call *call, json_t *parameters)
{
	const char *name = NULL;
	const struct param params[] = {{"interface", PARAM_STRING, 0, true}};

	if (!call_read_params(call, parameters, params, ARRAY_LEN(params), &name))
		return;
	for (size_t i = 0; i < ARRAY_LEN(interfaces); i++)
		if (!strcmp(interfaces[i].name, name)) {
			call_reply(call, json_pack("{s:s}", "description", interfaces[i].text), false);
			return;
		}
	call_error(call, SERVICE_INTERFACE ".InterfaceNotFound", json_pack("{s:s}", "interface", name));
}

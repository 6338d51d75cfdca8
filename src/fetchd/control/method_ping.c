/* io.fetchd.Manager.Ping. Main thread; answers whatever the database does. */
#include <config.h>

#include "fetchd/control/methods.h"

#include <unistd.h>

void method_ping_start(struct call *call, json_t *parameters)
{
	if (call_read_params(call, parameters, NULL, 0, NULL))
		call_reply(call, json_pack("{s:i}", "pid", (int)getpid()), false);
}

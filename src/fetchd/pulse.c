/* Pulse: owns the list of who is watched. Main thread; must never wait for anybody. */
#include "fetchd/pulse.h"

#include "base/alloc.h"
#include "base/log.h"

struct pulse {
	struct watched {
		char *name;
		struct mailbox *mailbox;
		bool silent;
	} * watched;
	size_t n;
};

struct pulse *pulse_new(void)
{
	return xcalloc(1, sizeof(struct pulse));
}

void pulse_free(struct pulse *pulse)
{
	if (!pulse)
		return;
	for (size_t i = 0; i < pulse->n; i++)
		free(pulse->watched[i].name);
	free(pulse->watched);
	free(pulse);
}

void pulse_watch(struct pulse *pulse, const char *name, struct mailbox *mailbox)
{
	pulse->watched = xreallocarray(pulse->watched, pulse->n + 1, sizeof(*pulse->watched));
	pulse->watched[pulse->n++] = (struct watched){.name = xstrdup(name), .mailbox = mailbox};
}

bool pulse_look(struct pulse *pulse)
{
	bool all = true;

	for (size_t i = 0; i < pulse->n; i++) {
		struct watched *watched = &pulse->watched[i];
		bool silent = !mailbox_nudge(watched->mailbox);

		if (silent && !watched->silent)
			log_warning("%s does not answer: the watchdog is not told that all is well",
				watched->name);
		else if (!silent && watched->silent)
			log_notice("%s answers again", watched->name);
		watched->silent = silent;
		all = all && !silent;
	}
	return all;
}

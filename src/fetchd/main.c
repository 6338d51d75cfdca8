/* fetchd: arguments → configuration → daemon_run(). Never forks. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "fetchd/config.h"
#include "fetchd/daemon.h"
#include "fetchd/versions.h"

enum action {
	ACTION_RUN,
	ACTION_CHECK_CONFIG,
	ACTION_PRINT_CONFIG,
	ACTION_VERSION,
	ACTION_HELP,
	ACTION_USAGE
};

struct arguments {
	enum action action;
	struct config_source source;
	const char **overrides;
};

static const char usage_text[] = "usage: fetchd [--user|--system] [--config FILE] [-o Section.Key=VALUE]...\n"
				 "              [--check-config] [--print-config] [--version] [--help]\n";

static const char help_text[] =
	"The download service: keeps a durable queue of downloads and carries it out.\n"
	"\n"
	"  --system              run as the system's service (default for root)\n"
	"  --user                run as a user's service (default for others)\n"
	"  --config FILE         read this configuration file alone\n"
	"  -o Section.Key=VALUE  set one key; wins over every file\n"
	"  --check-config        read the configuration, say what is wrong, and end\n"
	"  --print-config        print every key with its value and where it was set, and end\n"
	"  --version             print the versions of fetchd and its libraries, and end\n"
	"  -h, --help            print this, and end\n"
	"\n"
	"It stays in the foreground. SIGHUP reads the configuration again, SIGTERM stops.\n"
	"Exit status: 0 clean stop, 2 usage, 65 database unusable, 74 database I/O error,\n"
	"75 another fetchd holds this state directory, 78 configuration error.\n"
	"See fetchd(8), fetchd.conf(5), fetchctl(1).\n";

enum { OPT_USER = 256, OPT_SYSTEM, OPT_CONFIG, OPT_CHECK, OPT_PRINT, OPT_VERSION, OPT_HELP };

static const struct option long_options[] = {
	{"user", no_argument, NULL, OPT_USER},
	{"system", no_argument, NULL, OPT_SYSTEM},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"check-config", no_argument, NULL, OPT_CHECK},
	{"print-config", no_argument, NULL, OPT_PRINT},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static void take_option(struct arguments *args, int option)
{
	switch (option) {
	case OPT_USER: args->source.mode = CONFIG_USER; break;
	case OPT_SYSTEM: args->source.mode = CONFIG_SYSTEM; break;
	case OPT_CONFIG: args->source.file = optarg; break;
	case 'o': args->overrides[args->source.n_overrides++] = optarg; break;
	case OPT_CHECK:
		args->action = ACTION_CHECK_CONFIG;
		args->source.strict = true;
		break;
	case OPT_PRINT: args->action = ACTION_PRINT_CONFIG; break;
	case OPT_VERSION: args->action = ACTION_VERSION; break;
	case 'h':
	case OPT_HELP: args->action = ACTION_HELP; break;
	default: args->action = ACTION_USAGE; break;
	}
}

static void parse_arguments(struct arguments *args, int argc, char **argv)
{
	int option;
	args->source.mode = geteuid() == 0 ? CONFIG_SYSTEM : CONFIG_USER;
	args->overrides = xcalloc((size_t)argc + 1, sizeof(*args->overrides));
	args->source.overrides = args->overrides;
	while (args->action != ACTION_USAGE &&
		(option = getopt_long(argc, argv, "o:h", long_options, NULL)) != -1)
		take_option(args, option);
	if (args->action != ACTION_USAGE && optind < argc) {
		fprintf(stderr, "fetchd: unexpected argument: %s\n", argv[optind]);
		args->action = ACTION_USAGE;
	}
}

static int print_version(void)
{
	versions_print(stdout);
	return DAEMON_EXIT_OK;
}

static int print_usage(void)
{
	fputs(usage_text, stderr);
	return DAEMON_EXIT_USAGE;
}

static int print_help(void)
{
	fputs(usage_text, stdout);
	fputs(help_text, stdout);
	return DAEMON_EXIT_OK;
}

static int with_config(const struct arguments *args)
{
	CLEANUP_FREE char *error = NULL;
	struct config *config = config_load(&args->source, &error);
	if (!config) {
		fprintf(stderr, "fetchd: %s\n", error);
		return DAEMON_EXIT_CONFIG;
	}
	if (args->action == ACTION_RUN)
		return daemon_run(config, &args->source);
	if (args->action == ACTION_PRINT_CONFIG)
		config_print(&args->source, stdout);
	config_unref(config);
	return DAEMON_EXIT_OK;
}

static int act(const struct arguments *args)
{
	switch (args->action) {
	case ACTION_USAGE: return print_usage();
	case ACTION_HELP: return print_help();
	case ACTION_VERSION: return print_version();
	case ACTION_RUN:
	case ACTION_CHECK_CONFIG:
	case ACTION_PRINT_CONFIG: return with_config(args);
	}
	abort(); /* not an action */
}

int main(int argc, char **argv)
{
	struct arguments args = {.action = ACTION_RUN};

	fileio_hold_standard();
	alloc_keep();
	parse_arguments(&args, argc, argv);
	int status = act(&args);
	free(args.overrides);
	if (fflush(stdout) != 0 && status == DAEMON_EXIT_OK) {
		perror("fetchd: standard output");
		status = DAEMON_EXIT_FAILURE;
	}
	return status;
}

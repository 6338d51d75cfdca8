/* What a fetchd that was taken over could do: run in the place of fetchd, under its unit, inside its sandbox.
 * A line for each attempt: its name and "ok", or the error. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "fetchd/config.h"
#include "fetchd/sandbox.h"

static void tell(const char *name, long result)
{
	printf("%s %s\n", name, result < 0 ? strerrorname_np(errno) : "ok");
}

/* Made, or opened for writing, and taken away again. */
static void probe_write(const char *name, const char *dir)
{
	CLEANUP_FREE char *path = xasprintf("%s/probe.file", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	tell(name, fd);
	if (fd >= 0)
		close(fd);
	if (fd >= 0)
		unlink(path);
}

static void probe_socket(const char *name, int family, int type)
{
	int fd = socket(family, type, 0);

	tell(name, fd);
	if (fd >= 0)
		close(fd);
}

static void probe_listen(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(8080)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	tell("listen-tcp", bind(fd, (struct sockaddr *)&address, sizeof(address)));
	close(fd);
}

static void probe_memory(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	tell("write-and-execute", page == MAP_FAILED ? -1 : 0);
}

static void probe_setuid_file(const char *dir)
{
	CLEANUP_FREE char *path = xasprintf("%s/probe.setuid", dir);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	tell("setuid-file", fd < 0 ? fd : fchmod(fd, 04755));
	unlink(path);
}

static void probe_files(const struct config *config)
{
	probe_write("write-state", config->state_directory);
	for (size_t i = 0; config->download_roots[i]; i++)
		probe_write("write-root", config->download_roots[i]);
	probe_write("write-etc", "/etc");
	probe_write("write-usr", "/usr");
	probe_write("write-run", "/run");
	probe_write("write-tmp", "/tmp");
	probe_write("write-var-lib", "/var/lib");
	probe_write("write-home", getenv("PROBE_HOME") ? getenv("PROBE_HOME") : "/home");
	tell("read-home", open("/home/alice/.profile", O_RDONLY | O_CLOEXEC));
	tell("read-dirty", open("/sys/devices/system/node/node0/meminfo", O_RDONLY | O_CLOEXEC));
	tell("read-shadow", open("/etc/shadow", O_RDONLY | O_CLOEXEC));
	tell("read-others-process", open("/proc/1/status", O_RDONLY | O_CLOEXEC));
	tell("link", symlink("/etc/passwd", "/var/lib/fetchd/probe.link"));
}

static void probe_calls(void)
{
	union bpf_attr attr = {
		.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

	tell("mount", mount("none", "/tmp", "tmpfs", 0, NULL));
	tell("ptrace", ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
	tell("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof(attr)));
	tell("new-namespace", unshare(CLONE_NEWUSER));
	tell("become-root", setuid(0));
	tell("chown", chown("/var/lib/fetchd", 0, 0));
	tell("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
	tell("set-clock", syscall(SYS_clock_settime, 0, &(struct timespec){0}));
	tell("kernel-module", syscall(SYS_init_module, NULL, 0, ""));
	tell("keyring", syscall(SYS_keyctl, 0, -3, 1, 0, 0));
	tell("personality", syscall(SYS_personality, 0x0004000));
}

int main(int argc, char **argv)
{
	struct config_source source = {
		.mode = argc > 1 && !strcmp(argv[1], "--user") ? CONFIG_USER : CONFIG_SYSTEM};
	char text[SANDBOX_TEXT_MAX], *error = NULL;

	source.file = argc > 2 ? argv[2] : NULL;
	struct config *config = config_load(&source, &error);
	if (config && fileio_mkdir_path(config->state_directory, 0700))
		error = xstrdup("no state directory");
	if (!config || error || config_make_directories(config, &error)) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	sandbox_enter(config, (const char *const[]){NULL}, text);
	printf("sandbox %s\n", text);
	probe_files(config);
	probe_setuid_file(config->state_directory);
	probe_socket("socket-inet", AF_INET, SOCK_STREAM);
	probe_socket("socket-inet6", AF_INET6, SOCK_STREAM);
	probe_socket("socket-packet", AF_PACKET, SOCK_RAW);
	probe_socket("socket-vsock", AF_VSOCK, SOCK_STREAM);
	probe_listen();
	probe_memory();
	probe_calls();
	fflush(stdout);
	execl("/usr/bin/env", "env", (char *)NULL);
	tell("execute", -1);
	config_unref(config);
	return 0;
}

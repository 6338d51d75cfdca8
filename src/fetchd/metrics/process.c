/* Figures of the process: getrusage(2), getrlimit(2), proc(5). */
#include "config.h"

#include "fetchd/metrics/process.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"

static double seconds(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / USEC_PER_SEC;
}

static void look_at_memory(struct metrics *metrics)
{
	FILE *statm = fopen("/proc/self/statm", "re");
	unsigned long long virtual = 0, resident = 0;
	double page = (double)sysconf(_SC_PAGESIZE);

	if (!statm)
		return;
	if (fscanf(statm, "%llu %llu", &virtual, &resident) == 2) {
		metrics->virtual_bytes = (double)virtual * page;
		metrics->resident_bytes = (double)resident * page;
	}
	fclose(statm);
}

/* Without the one that looks. */
static double count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	unsigned n = 0;

	while (dir && (entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n > 0 ? n - 1 : 0;
}

void process_look(struct metrics *metrics)
{
	struct rusage usage;
	struct rlimit files;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		metrics->cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0)
		metrics->max_fds = files.rlim_cur == RLIM_INFINITY ? INFINITY : (double)files.rlim_cur;
	metrics->open_fds = count_fds();
	look_at_memory(metrics);
}

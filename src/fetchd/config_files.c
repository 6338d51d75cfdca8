/* Configuration files: where they are (UAPI.6), their lines, and the overrides of the command line. Owns the
 * settings as text; what a value means is config_value.c's. Runs before threads start and on SIGHUP.
 */
#include "fetchd/config_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fileio.h"
#include "base/text.h"

#define CONFIG_FILE_NAME "fetchd.conf"
/* Of a line, without comment and indentation. */
#define LINE_MAX_BYTES 4096

/* From the highest to the lowest. The compiled places and the fixed ones are the same in a distribution's
 * package. */
static const char *const system_dirs[] = {
	"/etc/fetchd", SYSCONFDIR "/fetchd", "/run/fetchd", PREFIX "/lib/fetchd", "/usr/lib/fetchd", NULL};

/* One file while it is read. */
struct reading {
	struct config_settings *settings;
	FILE *file;
	const char *path;
	unsigned line;
	unsigned rank;
	bool exposed;
	char *section; /* of the lines that follow */
	char *text;    /* the line: inih knows a part of a long one, and of a long section's name */
	char *error;   /* the first */
};

/* Where the value of a key goes. */
struct place {
	const struct config_option *option; /* NULL: nowhere */
	struct config_setting *setting;
};

/* "NAME" of "Hook NAME"; NULL for another section. */
static const char *hook_of(const char *section)
{
	return text_starts(section, "Hook ") ? section + 5 : NULL;
}

static bool known_section(const char *section)
{
	if (hook_of(section))
		return config_hook_name_valid(hook_of(section));
	for (size_t i = 0; i < CONFIG_OPTIONS_N; i++)
		if (!strcmp(config_options[i].section, section))
			return true;
	return false;
}

/* Why section and key are no option; caller frees. */
static char *unknown_option(const char *section, const char *key)
{
	CLEANUP_FREE char *s = text_escape(section);
	CLEANUP_FREE char *k = text_escape(key);
	if (!*section)
		return xasprintf("%s: stands before the first [Section]", k);
	if (!strcmp(section, "Hook") || (hook_of(section) && !known_section(section)))
		return xasprintf(
			"%s%s%s: a hook is [Hook NAME], the name of letters, digits, - and _, at most %d", s,
			*k ? "." : "", k, CONFIG_HOOK_NAME_MAX);
	if (!known_section(section))
		return xasprintf("%s%s%s: there is no section [%s]", s, *k ? "." : "", k, s);
	return xasprintf("%s.%s: no such key", s, k);
}

/* A later file replaces; lines of the same file add up for lists. Takes where. */
static void setting_put(struct config_setting *setting, enum config_type type, const char *value, char *where,
	unsigned rank, bool exposed)
{
	bool adds = config_adds(type) && setting->rank == rank && *value && *setting->text;
	char *text = adds ? xasprintf("%s\n%s", setting->text, value) : xstrdup(value);

	free(setting->text);
	free(setting->where);
	*setting = (struct config_setting){.text = text, .where = where, .rank = rank, .exposed = exposed};
}

/* The settings of a hook, made when it is new. */
static struct config_hook_settings *hook_settings(
	struct config_settings *settings, const char *name, const char *where)
{
	for (size_t i = 0; i < settings->n_hooks; i++)
		if (!strcmp(settings->hooks[i].name, name))
			return &settings->hooks[i];
	settings->hooks = xreallocarray(settings->hooks, settings->n_hooks + 1, sizeof(*settings->hooks));
	struct config_hook_settings *hook = &settings->hooks[settings->n_hooks++];
	*hook = (struct config_hook_settings){.name = xstrdup(name), .where = xstrdup(where)};
	for (size_t i = 0; i < CONFIG_HOOK_OPTIONS_N; i++)
		setting_put(&hook->of[i], config_hook_options[i].type, config_hook_options[i].defaults[0],
			xstrdup("default"), 0, false);
	return hook;
}

/* where: of the key, for a hook that is named there first. */
static struct place find_place(
	struct config_settings *settings, const char *section, const char *key, const char *where)
{
	const char *name = hook_of(section);

	if (name && config_hook_name_valid(name))
		for (size_t i = 0; i < CONFIG_HOOK_OPTIONS_N; i++)
			if (!strcmp(config_hook_options[i].key, key))
				return (struct place){&config_hook_options[i],
					&hook_settings(settings, name, where)->of[i]};
	for (size_t i = 0; i < CONFIG_OPTIONS_N; i++)
		if (!strcmp(config_options[i].section, section) && !strcmp(config_options[i].key, key))
			return (struct place){&config_options[i], &settings->of[i]};
	return (struct place){NULL};
}

static void reading_fail(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void reading_fail(struct reading *r, const char *fmt, ...)
{
	if (r->error)
		return;
	va_list ap;
	va_start(ap, fmt);
	CLEANUP_FREE char *what = xvasprintf(fmt, ap);
	va_end(ap);
	r->error = xasprintf("%s:%u: %s", r->path, r->line, what);
}

/* Of a line that has been cut already. inih takes a colon, too. */
static const char *value_of(const char *line)
{
	const char *value = strpbrk(line, "=:") + 1;
	return value + strspn(value, " \t");
}

static int take_pair(void *user, const char *cut_section, const char *key, const char *cut_value)
{
	struct reading *r = user;
	const char *section = r->section ? r->section : "";
	CLEANUP_FREE char *where = xasprintf("%s:%u", r->path, r->line);
	struct place place = find_place(r->settings, section, key, where);
	(void)cut_section, (void)cut_value;
	if (!place.option) {
		CLEANUP_FREE char *why = unknown_option(section, key);
		reading_fail(r, "%s", why);
		return 0;
	}
	const char *value = value_of(r->text);
	/* Its line is known here; later, it is one of many. */
	CLEANUP_FREE char *refusal =
		place.option->type == CONFIG_TYPE_WINDOWS ? config_window_refusal(value) : NULL;
	if (refusal) {
		reading_fail(r, "%s.%s: %s", section, key, refusal);
		return 0;
	}
	setting_put(place.setting, place.option->type, value, xstrdup(where), r->rank, r->exposed);
	return 1;
}

/* A comment begins with # or ; at the start or after white space. Cuts it and the white space before it.
 * quotes: none begins within them. */
static void cut_comment(char *line, bool quotes)
{
	char quote = '\0';

	for (char *p = line; *p; p++) {
		if (quotes && *p == '\\' && quote != '\'' && p[1])
			p++;
		else if (quotes && (quote ? *p == quote : *p == '"' || *p == '\''))
			quote = quote ? '\0' : *p;
		else if (!quote && (*p == '#' || *p == ';') && (p == line || p[-1] == ' ' || p[-1] == '\t'))
			*p = '\0';
		if (!*p)
			break;
	}
	size_t n = strlen(line);
	while (n > 0 && strchr(" \t\r\n", line[n - 1]))
		line[--n] = '\0';
}

static void check_section(struct reading *r, const char *line)
{
	size_t n = strcspn(line + 1, "]");
	if (line[1 + n] != ']' || line[1 + n + 1]) {
		reading_fail(r, "a section is written [Section], alone on its line");
		return;
	}
	free(r->section);
	r->section = xstrndup(line + 1, n);
	if (!known_section(r->section)) {
		CLEANUP_FREE char *why = unknown_option(r->section, "");
		reading_fail(r, "%s", why);
	} else if (hook_of(r->section)) {
		CLEANUP_FREE char *where = xasprintf("%s:%u", r->path, r->line);
		hook_settings(r->settings, hook_of(r->section), where);
	}
}

/* What inih alone would let pass, or tell without its reason: a section without keys, a line without "=". */
static void check_line(struct reading *r, const char *line)
{
	if (*line == '[') {
		check_section(r, line);
	} else if (*line && !strchr(line, '=')) {
		CLEANUP_FREE char *shown = text_escape(line);
		reading_fail(r, "\"%s\" is no [Section], Key=value or # comment", shown);
	}
}

/* Reader for inih: a line without comment and leading space (inih would take an indented line for a
 * continuation of the one before). Of a long one it gets as much as its buffer takes: enough for the key. */
static char *read_line(char *buf, int size, void *stream)
{
	struct reading *r = stream;
	CLEANUP_FREE char *line = NULL;
	size_t room = 0;

	ssize_t n = getline(&line, &room, r->file);
	if (n < 0 || r->error)
		return NULL;
	r->line++;
	if (memchr(line, '\0', (size_t)n)) {
		reading_fail(r, "has a NUL byte");
		return NULL;
	}
	cut_comment(line, r->section && hook_of(r->section));
	str_set(&r->text, line + strspn(line, " \t"));
	if (strlen(r->text) > LINE_MAX_BYTES) {
		reading_fail(r, "the line is longer than %d bytes", LINE_MAX_BYTES);
		return NULL;
	}
	check_line(r, r->text);
	snprintf(buf, (size_t)size, "%.*s\n", size - 2, r->text);
	return buf;
}

static int parse(struct reading *r)
{
	int line = ini_parse_stream(read_line, r, take_pair, r);
	if (ferror(r->file) && !r->error)
		r->error = xasprintf("%s: cannot be read: %s", r->path, strerror(errno));
	if (line != 0 && !r->error)
		r->error = xasprintf("%s:%d: is no [Section], Key=value or # comment", r->path, line);
	return r->error ? -EINVAL : 0;
}

static char *file_refusal(int fd, const char *path, bool *ret_exposed)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return xasprintf("%s: %s", path, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return xasprintf("%s: is a directory", path);
	*ret_exposed = (st.st_mode & (S_IRGRP | S_IROTH)) != 0;
	if (S_ISREG(st.st_mode) && (st.st_mode & (S_IWGRP | S_IWOTH)))
		return xasprintf("%s: can be written by others: chmod go-w %s", path, path);
	return NULL;
}

/* secret: a credential, which by its access list nobody else can read, whatever its mode says. */
static int read_file(
	struct config_settings *settings, const char *path, bool secret, unsigned rank, char **ret_error)
{
	struct reading r = {.settings = settings, .path = path, .rank = rank};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		*ret_error = xasprintf("%s: %s", path, strerror(errno));
		return -EINVAL;
	}
	r.file = fdopen(fd, "r");
	if (!r.file)
		abort();
	r.error = file_refusal(fd, path, &r.exposed);
	r.exposed = r.exposed && !secret;
	int result = r.error ? -EINVAL : parse(&r);
	fclose(r.file);
	free(r.section);
	free(r.text);
	*ret_error = r.error;
	return result;
}

/* ---- search path */

/* The directories to look in, highest first, NULL-terminated; each freed by the caller. */
static char **search_dirs(enum config_mode mode)
{
	char **dirs = xcalloc(ARRAY_LEN(system_dirs), sizeof(*dirs));
	if (mode == CONFIG_SYSTEM) {
		for (size_t i = 0; system_dirs[i]; i++)
			dirs[i] = xstrdup(system_dirs[i]);
		return dirs;
	}
	const char *xdg = getenv("XDG_CONFIG_HOME");
	CLEANUP_FREE char *home = config_home();
	if (xdg && *xdg == '/')
		dirs[0] = xasprintf("%s/fetchd", xdg);
	else if (home)
		dirs[0] = xasprintf("%s/.config/fetchd", home);
	return dirs;
}

static void free_dirs(char **dirs)
{
	for (size_t i = 0; dirs[i]; i++)
		free(dirs[i]);
	free(dirs);
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static int by_base_name(const void *a, const void *b)
{
	return strcmp(base_name(*(char *const *)a), base_name(*(char *const *)b));
}

static int is_drop_in(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);
	return entry->d_name[0] != '.' && n > 5 && !strcmp(entry->d_name + n - 5, ".conf");
}

static bool has_base_name(char **paths, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(base_name(paths[i]), name))
			return true;
	return false;
}

/* Add the drop-ins of dir whose names are not in paths yet: a higher directory masks. */
static void add_drop_ins(const char *dir, char ***paths, size_t *n)
{
	CLEANUP_FREE char *drop_dir = xasprintf("%s/" CONFIG_FILE_NAME ".d", dir);
	struct dirent **found;
	int n_found = scandir(drop_dir, &found, is_drop_in, NULL);
	if (n_found < 0)
		return;
	size_t n_higher = *n;
	for (int i = 0; i < n_found; i++) {
		if (!has_base_name(*paths, n_higher, found[i]->d_name)) {
			*paths = xreallocarray(*paths, *n + 1, sizeof(**paths));
			(*paths)[(*n)++] = xasprintf("%s/%s", drop_dir, found[i]->d_name);
		}
		free(found[i]);
	}
	free(found);
}

static int read_drop_ins(struct config_settings *settings, char **dirs, unsigned *rank, char **ret_error)
{
	char **paths = NULL;
	size_t n = 0;
	int result = 0;

	for (size_t i = 0; dirs[i]; i++)
		add_drop_ins(dirs[i], &paths, &n);
	if (n > 0)
		qsort(paths, n, sizeof(*paths), by_base_name);
	for (size_t i = 0; i < n; i++) {
		/* A link to /dev/null, or an empty file, sets nothing: that is how it masks. */
		if (result == 0)
			result = read_file(settings, paths[i], false, ++*rank, ret_error);
		free(paths[i]);
	}
	free(paths);
	return result;
}

/* What the service manager keeps for the service alone (systemd.exec(5), LoadCredential=): the last file. */
static int read_credential(struct config_settings *settings, unsigned *rank, char **ret_error)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	CLEANUP_FREE char *path = dir && *dir == '/' ? xasprintf("%s/" CONFIG_FILE_NAME, dir) : NULL;

	return path && access(path, F_OK) == 0 ? read_file(settings, path, true, ++*rank, ret_error) : 0;
}

static int read_search_path(
	struct config_settings *settings, enum config_mode mode, unsigned *rank, char **ret_error)
{
	char **dirs = search_dirs(mode);
	int result = 0;

	for (size_t i = 0; dirs[i]; i++) {
		CLEANUP_FREE char *path = xasprintf("%s/" CONFIG_FILE_NAME, dirs[i]);
		if (access(path, F_OK) == 0) {
			result = read_file(settings, path, false, ++*rank, ret_error);
			break;
		}
	}
	if (result == 0)
		result = read_drop_ins(settings, dirs, rank, ret_error);
	if (result == 0)
		result = read_credential(settings, rank, ret_error);
	free_dirs(dirs);
	return result;
}

/* ---- command line */

static int take_override(struct config_settings *settings, const char *text, unsigned rank, char **ret_error)
{
	const char *dot = strchr(text, '.');
	const char *equals = strchr(text, '=');
	if (!dot || !equals || dot > equals) {
		CLEANUP_FREE char *shown = text_escape(text);
		*ret_error = xasprintf("-o %s: is not Section.Key=VALUE", shown);
		return -EINVAL;
	}
	CLEANUP_FREE char *section = xstrndup(text, (size_t)(dot - text));
	CLEANUP_FREE char *key = xstrndup(dot + 1, (size_t)(equals - dot - 1));
	struct place place = find_place(settings, section, key, "-o");
	if (!place.option) {
		CLEANUP_FREE char *why = unknown_option(section, key);
		*ret_error = xasprintf("-o: %s", why);
		return -EINVAL;
	}
	setting_put(place.setting, place.option->type, equals + 1, xstrdup("-o"), rank, false);
	return 0;
}

static void put_defaults(struct config_settings *settings, enum config_mode mode)
{
	for (size_t i = 0; i < CONFIG_OPTIONS_N; i++)
		setting_put(&settings->of[i], config_options[i].type, config_options[i].defaults[mode],
			xstrdup("default"), 0, false);
}

int config_settings_read(
	struct config_settings *settings, const struct config_source *source, char **ret_error)
{
	unsigned rank = 0;
	memset(settings, 0, sizeof(*settings));
	put_defaults(settings, source->mode);

	int result = source->file ? read_file(settings, source->file, false, ++rank, ret_error)
				  : read_search_path(settings, source->mode, &rank, ret_error);
	rank++;
	for (size_t i = 0; i < source->n_overrides && result == 0; i++)
		result = take_override(settings, source->overrides[i], rank, ret_error);
	return result;
}

static void free_list(struct config_setting *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(list[i].text);
		free(list[i].where);
	}
}

void config_settings_done(struct config_settings *settings)
{
	free_list(settings->of, CONFIG_OPTIONS_N);
	for (size_t i = 0; i < settings->n_hooks; i++) {
		free_list(settings->hooks[i].of, CONFIG_HOOK_OPTIONS_N);
		free(settings->hooks[i].name);
		free(settings->hooks[i].where);
	}
	free(settings->hooks);
}

/* disk: tasks against a real directory, one at a time: what the rest of the house relies on */
#include "config.h"

#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fileio.h"
#include "fetchd/disk/disk.h"

#define HELLO  "hello world"
#define SHA256 "sha-256=b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
#define WRONG  "sha-256=0000000000000000000000000000000000000000000000000000000000000000"

struct fixture {
	char root[64];
	struct disk *disk;
	struct mailbox mailbox;
	struct config config;
	char *roots[2];
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	char *error = NULL;
	int exit_code;

	snprintf(f->root, sizeof(f->root), "/tmp/test_disk.XXXXXX");
	assert_non_null(mkdtemp(f->root));
	f->roots[0] = f->root;
	f->config.mode = CONFIG_USER;
	f->config.download_roots = f->roots;
	f->disk = disk_start(&f->config, "uuid", &error, &exit_code);
	assert_non_null(f->disk);
	assert_int_equal(mailbox_init(&f->mailbox), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *command = xasprintf("rm -rf %s", f->root);

	disk_join(f->disk, USEC_INFINITY);
	mailbox_done(&f->mailbox);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

/* ---- helpers */

static char *path_of(const struct fixture *f, const char *name)
{
	return xasprintf("%s/%s", f->root, name);
}

static struct disk_file *file_of(struct fixture *f, int64_t id, const char *digest)
{
	struct disk_file_spec spec = {.job_id = id, .dir = f->root, .digest = digest};

	return disk_file_new(f->disk, &spec);
}

static struct disk_task *task_of(int kind, struct disk_file *file, const char *name)
{
	struct disk_task *task = disk_task_new(kind, NULL, NULL, file);

	task->name = name;
	return task;
}

static struct disk_buffer *buffer_of(struct fixture *f, const char *text)
{
	struct disk_buffer *buffer = disk_buffer_new(f->disk, strlen(text) + 1);

	memcpy(buffer->bytes, text, strlen(text));
	buffer->used = strlen(text);
	return buffer;
}

/* Posts it and waits until it is back. */
static struct disk_task *run(struct fixture *f, struct disk_task *task)
{
	struct msg_list list = STAILQ_HEAD_INITIALIZER(list);
	struct pollfd pfd = {.fd = mailbox_fd(&f->mailbox), .events = POLLIN};

	task->reply = &f->mailbox;
	disk_post(f->disk, task);
	assert_int_equal(poll(&pfd, 1, 60000), 1);
	assert_int_equal(mailbox_take(&f->mailbox, &list, 0), 1);
	assert_ptr_equal(STAILQ_FIRST(&list), &task->msg);
	return task;
}

/* Result and code; frees the task. Of a WRITE that went well all of the buffer is there. */
static void check_run(struct fixture *f, struct disk_task *task, int64_t result, const char *code)
{
	if (task->msg.kind == DISK_WRITE && task->buffer && !code)
		result = (int64_t)task->buffer->used;
	run(f, task);
	CHECK_STR("code", task->verdict.code, code);
	CHECK_INT("result", task->result, result);
	disk_task_free(f->disk, task);
}

static struct disk_task *finish_of(struct fixture *f, struct disk_file *file, const char *text)
{
	struct disk_task *task = task_of(DISK_FINISH, file, "a");

	task->buffer = buffer_of(f, text);
	return task;
}

static void make(struct fixture *f, const char *name, const char *text)
{
	CLEANUP_FREE char *path = path_of(f, name);
	CLEANUP_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(fileio_pwrite_all(fd, text, strlen(text), 0), 0);
}

static void check_content(struct fixture *f, const char *name, const char *want)
{
	CLEANUP_FREE char *path = path_of(f, name);
	CLEANUP_FREE char *got = NULL;
	size_t n;

	assert_int_equal(fileio_read_file(path, 1 << 20, &got, &n), 0);
	CHECK_STR(name, got, want);
}

static int n_parts(struct fixture *f)
{
	CLEANUP_FREE char *path = path_of(f, ".fetchd");
	DIR *dir = opendir(path);
	struct dirent *entry;
	int n = 0;

	while ((entry = readdir(dir)))
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

/* A part with HELLO in it, synced and closed. */
static void leave_part(struct fixture *f, int64_t id)
{
	struct disk_file *file = file_of(f, id, NULL);
	struct disk_task *task = task_of(DISK_WRITE, file, NULL);

	task->buffer = buffer_of(f, HELLO);
	check_run(f, task, 0, NULL);
	check_run(f, task_of(DISK_CLOSE, file, NULL), (int64_t)strlen(HELLO), NULL);
	disk_file_free(file);
}

/* ---- parts */

static void test_resume_returns_the_tail(void **state)
{
	static const struct {
		int64_t offset;
		size_t tail;
		const char *want;
	} rows[] = {{11, 5, "world"}, {11, 0, ""}, {11, 100, HELLO}, {5, 4, "ello"}, {5, 5, "hello"}};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct disk_file *file = file_of(f, (int64_t)i + 1, NULL);
		struct disk_task *task = task_of(DISK_RESUME, file, NULL);
		CLEANUP_FREE char *got = NULL;

		leave_part(f, (int64_t)i + 1);
		task->offset = rows[i].offset;
		task->tail = rows[i].tail;
		run(f, task);
		got = xstrndup(task->ret_tail ? (char *)task->ret_tail : "", task->ret_tail_n);
		CHECK_STR("tail", got, rows[i].want);
		CHECK_INT(rows[i].want, task->result, rows[i].offset);
		disk_task_free(f->disk, task);
		check_run(f, task_of(DISK_DISCARD, file, NULL), 0, NULL);
		disk_file_free(file);
	}
	assert_int_equal(n_parts(f), 0);
}

static void test_resume_hashes_what_is_there(void **state)
{
	static const struct {
		const char *digest, *code;
		enum job_integrity integrity;
	} rows[] = {{SHA256, NULL, JOB_INTEGRITY_DIGEST}, {WRONG, "E_DIGEST", JOB_INTEGRITY_NONE}};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct disk_file *file = file_of(f, 1, rows[i].digest);
		struct disk_task *task = task_of(DISK_RESUME, file, NULL);

		leave_part(f, 1);
		task->offset = 5;
		check_run(f, task, 5, NULL);
		task = finish_of(f, file, " world");
		task->offset = 5;
		run(f, task);
		CHECK_STR(rows[i].digest, task->verdict.code, rows[i].code);
		CHECK_INT(rows[i].digest, task->ret_integrity, rows[i].integrity);
		disk_task_free(f->disk, task);
		check_run(f, task_of(DISK_DISCARD, file, NULL), 0, NULL);
		disk_file_free(file);
	}
	check_content(f, "a", HELLO);
	assert_int_equal(n_parts(f), 0);
}

static void test_a_part_without_a_byte_goes(void **state)
{
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);

	check_run(f, task_of(DISK_WRITE, file, NULL), 0, NULL);
	assert_int_equal(n_parts(f), 1);
	check_run(f, task_of(DISK_CLOSE, file, NULL), 0, NULL);
	assert_int_equal(n_parts(f), 0);
	disk_file_free(file);
	/* One that was not opened is not touched. */
	leave_part(f, 2);
	file = file_of(f, 2, NULL);
	check_run(f, task_of(DISK_CLOSE, file, NULL), 0, NULL);
	assert_int_equal(n_parts(f), 1);
	disk_file_free(file);
}

/* ---- names */

static void test_etag_and_time_stay_with_the_file(void **state)
{
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);
	struct disk_task *task = finish_of(f, file, HELLO);
	CLEANUP_FREE char *path = path_of(f, "a");

	task->mtime_sec = 1577836800;
	task->etag = "\"v1\"";
	check_run(f, task, 0, NULL);
	task = run(f, task_of(DISK_EXISTS, file, "a"));
	CHECK_INT("exists", task->result, 1);
	CHECK_INT("time", task->ret_mtime_sec, 1577836800);
	if (getxattr(path, "user.fetchd.etag", NULL, 0) < 0)
		print_message("this file system has no extended attributes\n");
	else
		CHECK_STR("etag", task->ret_etag, "\"v1\"");
	disk_task_free(f->disk, task);
	disk_file_free(file);
}

static void test_exists(void **state)
{
	static const struct {
		const char *etag, *want; /* NULL: none */
	} rows[] = {
		{"\"x\"", "\"x\""},
		{"W/\"x\"", "W/\"x\""},
		{"\"\"", "\"\""},
		{"x", NULL},
		{"\"x", NULL},
		{"\"", NULL},
		{"W/x", NULL},
		{"\"a\"b\"", NULL},
		{"\"a\r\nHost: evil\"", NULL},
		{"\"a b\"", NULL},
	};
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);
	CLEANUP_FREE char *path = path_of(f, "a");
	CLEANUP_FREE char *folder = path_of(f, "d");
	struct disk_task *task;

	check_run(f, task_of(DISK_EXISTS, file, "a"), 0, NULL);
	make(f, "a", HELLO);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (setxattr(path, "user.fetchd.etag", rows[i].etag, strlen(rows[i].etag), 0) != 0)
			break;
		task = run(f, task_of(DISK_EXISTS, file, "a"));
		CHECK_INT(rows[i].etag, task->result, 1);
		CHECK_STR(rows[i].etag, task->ret_etag, rows[i].want);
		disk_task_free(f->disk, task);
	}
	assert_int_equal(mkdir(folder, 0755), 0);
	task = run(f, task_of(DISK_EXISTS, file, "d"));
	CHECK_INT("folder", task->result, 1);
	CHECK_INT("folder's time", task->ret_mtime_sec, -1);
	disk_task_free(f->disk, task);
	disk_file_free(file);
}

static void test_conflicts(void **state)
{
	static const struct {
		enum job_conflict conflict;
		const char *name, *code, *content; /* of "a" */
		bool note;
	} rows[] = {
		{JOB_CONFLICT_FAIL, NULL, "E_EXISTS", "mine", false},
		{JOB_CONFLICT_SKIP, "a", NULL, "mine", true},
		{JOB_CONFLICT_RENAME, "a (1)", NULL, "mine", false},
		{JOB_CONFLICT_OVERWRITE, "a", NULL, HELLO, false},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct disk_file *file = file_of(f, (int64_t)i + 1, NULL);
		struct disk_task *task = finish_of(f, file, HELLO);

		make(f, "a", "mine");
		task->conflict = rows[i].conflict;
		run(f, task);
		CHECK_STR(rows[i].content, task->verdict.code, rows[i].code);
		CHECK_STR(rows[i].content, task->ret_name, rows[i].name);
		CHECK_INT(rows[i].content, task->ret_note != NULL, rows[i].note);
		disk_task_free(f->disk, task);
		check_content(f, "a", rows[i].content);
		check_run(f, task_of(DISK_DISCARD, file, NULL), 0, NULL);
		disk_file_free(file);
	}
	assert_int_equal(n_parts(f), 0);
}

static void test_a_file_that_could_not_be_finished(void **state)
{
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);
	CLEANUP_FREE char *aside = xasprintf("%s.aside", f->root);

	assert_int_equal(rename(f->root, aside), 0);
	check_run(f, task_of(DISK_EXISTS, file, "a"), 0, "E_DEST_GONE");
	check_run(f, task_of(DISK_ROOM, file, NULL), 0, "E_DEST_GONE");
	check_run(f, finish_of(f, file, HELLO), 0, "E_DEST_GONE");
	assert_int_equal(access(f->root, F_OK), -1);
	assert_int_equal(rename(aside, f->root), 0);
	disk_file_free(file);
	file = file_of(f, 1, NULL);
	check_run(f, task_of(DISK_ROOM, file, NULL), 0, NULL);
	check_run(f, finish_of(f, file, HELLO), 0, NULL);
	check_content(f, "a", HELLO);
	disk_file_free(file);
}

static void test_bytes_of_a_file_that_lost_its_place(void **state)
{
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);
	struct disk_task *task = task_of(DISK_WRITE, file, NULL);
	CLEANUP_FREE char *aside = xasprintf("%s.aside", f->root);

	task->buffer = buffer_of(f, "hello");
	check_run(f, task, 0, NULL);
	assert_int_equal(rename(f->root, aside), 0);
	task = finish_of(f, file, " world");
	task->offset = 5;
	/* All of it is on disk, and stays. */
	check_run(f, task, (int64_t)strlen(HELLO), "E_DEST_GONE");
	assert_int_equal(rename(aside, f->root), 0);
	assert_int_equal(n_parts(f), 1);
	disk_file_free(file);
}

/* Longer than any file system takes: what is cut, or numbered, is found again after a crash. */
static void test_long_names_are_cut_and_found(void **state)
{
	struct fixture *f = *state;
	CLEANUP_FREE char *name = xcalloc(1, 301);
	CLEANUP_FREE char *first = NULL;
	struct job *job = job_new();

	memset(name, 'n', 296);
	strcpy(name + 296, ".txt");
	str_set(&job->dir, f->root);
	str_set(&job->name, name);
	for (int64_t id = 1; id <= 2; id++) {
		struct disk_file *file = file_of(f, id, NULL);
		struct disk_task *task = finish_of(f, file, HELLO);
		CLEANUP_FREE char *found = NULL;
		CLEANUP_FREE char *path = NULL;
		int64_t size = -1;

		task->name = name;
		task->conflict = JOB_CONFLICT_RENAME;
		run(f, task);
		assert_non_null(task->ret_name);
		assert_in_range(strlen(task->ret_name), 140, 143);
		path = path_of(f, task->ret_name);
		job->id = id;
		if (getxattr(path, "user.fetchd.job", NULL, 0) >= 0) {
			assert_true(disk_find_finished(f->disk, job, &found, &size));
			CHECK_STR("found", found, task->ret_name);
			CHECK_INT("size", size, 11);
		}
		disk_task_free(f->disk, task);
		disk_file_free(file);
	}
	job->id = 3;
	assert_false(disk_find_finished(f->disk, job, &first, &(int64_t){0}));
	job_free(job);
}

/* ---- verify */

static void test_verify(void **state)
{
	static const struct {
		const char *content;
		int64_t expect_size;
		const char *digest;
		int64_t result;
	} rows[] = {
		{HELLO, 11, SHA256, 1},
		{HELLO, -1, SHA256, 1},
		{HELLO, 11, NULL, 1},
		{HELLO, 12, SHA256, 0},
		{HELLO, 11, WRONG, 0},
		{"Hello world", 11, SHA256, 0},
	};
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct disk_task *task = task_of(DISK_VERIFY, file, "a");

		make(f, "a", rows[i].content);
		task->expect_size = rows[i].expect_size;
		task->digest = xstrdup_null(rows[i].digest);
		run(f, task);
		CHECK_INT(rows[i].content, task->verdict.class, VERDICT_OK);
		CHECK_INT(rows[i].content, task->result, rows[i].result);
		CHECK_INT(rows[i].content, task->ret_size, 11);
		if (i < 5)
			CHECK_STR(rows[i].content, task->ret_digest, SHA256);
		disk_task_free(f->disk, task);
	}
	disk_file_free(file);
}

static void test_verify_what_is_no_file(void **state)
{
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);
	CLEANUP_FREE char *link = path_of(f, "link");
	CLEANUP_FREE char *fifo = path_of(f, "fifo");
	CLEANUP_FREE char *folder = path_of(f, "folder");
	static const char *const names[] = {"none", "link", "fifo", "folder"};

	make(f, "a", HELLO);
	assert_int_equal(symlink("a", link), 0);
	assert_int_equal(mkfifo(fifo, 0644), 0);
	assert_int_equal(mkdir(folder, 0755), 0);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		check_run(f, task_of(DISK_VERIFY, file, names[i]), 0, "E_GONE");
	disk_file_free(file);
}

static void test_verify_in_a_hurry(void **state)
{
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);
	struct disk_task *task = task_of(DISK_VERIFY, file, "a");

	make(f, "a", HELLO);
	disk_hurry(f->disk);
	run(f, task);
	CHECK_INT("class", task->verdict.class, VERDICT_ABORTED);
	CHECK_INT("result", task->result, 0);
	disk_task_free(f->disk, task);
	disk_file_free(file);
}

/* ---- room */

static void test_room(void **state)
{
	struct fixture *f = *state;
	struct disk_file *file = file_of(f, 1, NULL);
	struct disk_task *task = task_of(DISK_ROOM, file, NULL);

	check_run(f, task, 0, NULL);
	task = task_of(DISK_ROOM, file, NULL);
	task->expect_size = (int64_t)1 << 60;
	check_run(f, task, 0, "E_NO_SPACE");
	task = finish_of(f, file, HELLO);
	task->expect_size = (int64_t)1 << 60;
	check_run(f, task, 0, "E_NO_SPACE");
	assert_int_equal(n_parts(f), 0);
	assert_int_equal(disk_stalled_usec(file), 0);
	assert_false(disk_crowded(file));
	disk_file_free(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_resume_returns_the_tail, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume_hashes_what_is_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_part_without_a_byte_goes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_etag_and_time_stay_with_the_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_exists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_conflicts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_file_that_could_not_be_finished, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bytes_of_a_file_that_lost_its_place, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_names_are_cut_and_found, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verify, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verify_what_is_no_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_verify_in_a_hurry, setup, teardown),
		cmocka_unit_test_setup_teardown(test_room, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

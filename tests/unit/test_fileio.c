/* base/fileio, in a private directory */
#include "config.h"

#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fileio.h"

struct place {
	char *path; /* <tmp>/root is the root; <tmp>/outside is not in it */
	int root_fd;
};

static char *in_place(const struct place *place, const char *rest)
{
	return xasprintf("%s/%s", place->path, rest);
}

static void write_file(int dir_fd, const char *name, const char *text)
{
	int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fileio_pwrite_all(fd, text, strlen(text), 0), 0);
	close(fd);
}

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	struct place *place = xmalloc(sizeof(*place));
	CLEANUP_FREE char *root = NULL, *outside = NULL;

	place->path = xasprintf("%s/fetchd-unit-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(place->path));
	root = in_place(place, "root");
	outside = in_place(place, "outside");
	assert_int_equal(mkdir(root, 0700), 0);
	assert_int_equal(mkdir(outside, 0700), 0);
	place->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(place->root_fd >= 0);
	write_file(place->root_fd, "file", "inside");
	write_file(place->root_fd, "../outside/secret", "outside");
	assert_int_equal(symlinkat("../outside", place->root_fd, "escape"), 0);
	assert_int_equal(symlinkat("file", place->root_fd, "link"), 0);
	assert_int_equal(mkdirat(place->root_fd, "dir", 0700), 0);
	*state = place;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	struct place *place = *state;
	int r = nftw(place->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);

	close(place->root_fd);
	free(place->path);
	free(place);
	return r;
}

/* up: what ".." inside comes to. */
static void check_open_beneath(const struct place *place, int up)
{
	const struct {
		const char *path;
		int flags;
		int want; /* 0: a descriptor */
	} rows[] = {
		{"file", O_RDONLY, 0},
		{"", O_RDONLY | O_DIRECTORY, 0},
		{".", O_RDONLY | O_DIRECTORY, 0},
		{"dir/new", O_RDWR | O_CREAT | O_EXCL, 0},
		{"dir/../file", O_RDONLY, up},
		{"dir/new", O_RDWR | O_CREAT | O_EXCL, -EEXIST},
		{"missing", O_RDONLY, -ENOENT},
		{"..", O_RDONLY, -EXDEV},
		{"../outside/secret", O_RDONLY, -EXDEV},
		{"/etc/passwd", O_RDONLY, -EXDEV},
		{"escape/secret", O_RDONLY, -ELOOP},
		{"escape/new", O_RDWR | O_CREAT, -ELOOP},
		{"link", O_RDONLY, -ELOOP},
		{"/proc/self/root/etc/passwd", O_RDONLY, -EXDEV},
		{"file/x", O_RDONLY, -ENOTDIR},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = fileio_open_beneath(place->root_fd, rows[i].path, rows[i].flags, 0600);

		CHECK_INT(rows[i].path, fd < 0 ? fd : 0, rows[i].want);
		if (fd >= 0) {
			CHECK_INT(rows[i].path, fcntl(fd, F_GETFD), FD_CLOEXEC);
			close(fd);
		}
	}
}

static void test_open_beneath(void **state)
{
	check_open_beneath(*state, 0);
}

/* As under RestrictSUIDSGID= of systemd: openat2(2) is not there. For the rest of the process. */
static void test_open_beneath_in_steps(void **state)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = ARRAY_LEN(code), .filter = code};

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
	assert_int_equal(syscall(SYS_openat2, -1, "", NULL, 0), -1);
	assert_int_equal(errno, ENOSYS);
	check_open_beneath(*state, -EXDEV);
}

static void test_mkdir_beneath(void **state)
{
	static const struct {
		const char *path;
		int want;
	} rows[] = {
		{"a/b/c", 0},
		{"a/b/c", 0},
		{"a//b/./d/", 0},
		{"", 0},
		{"dir", 0},
		{"file", -ENOTDIR},
		{"file/x", -ENOTDIR},
		{"../outside/new", -EXDEV},
		{"a/../../outside", -EXDEV},
		{"/tmp", -EXDEV},
		{"escape/new", -ELOOP},
	};
	const struct place *place = *state;
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		int fd = fileio_mkdir_beneath(place->root_fd, rows[i].path, 0750);

		CHECK_INT(rows[i].path, fd < 0 ? fd : 0, rows[i].want);
		if (fd >= 0) {
			assert_int_equal(fstat(fd, &st), 0);
			assert_true(S_ISDIR(st.st_mode));
			close(fd);
		}
	}
	assert_int_equal(fstatat(place->root_fd, "a/b/d", &st, 0), 0);
	assert_int_equal(fstatat(place->root_fd, "../outside/new", &st, 0), -1);
}

static void test_mkdir_beneath_mode(void **state)
{
	const struct place *place = *state;
	struct stat st;
	mode_t old = umask(0027);
	CLEANUP_CLOSE int fd = fileio_mkdir_beneath(place->root_fd, "m/n", 0777);

	umask(old);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
}

static void test_read_and_write_at(void **state)
{
	const struct place *place = *state;
	char buf[32];
	CLEANUP_CLOSE int fd = fileio_open_beneath(place->root_fd, "rw", O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fileio_pwrite_all(fd, "world", 5, 6), 0);
	assert_int_equal(fileio_pwrite_all(fd, "hello ", 6, 0), 0);
	assert_int_equal(fileio_pwrite_all(fd, "", 0, 100), 0);
	assert_int_equal(fileio_pread_full(fd, buf, sizeof(buf), 0), 11);
	assert_memory_equal(buf, "hello world", 11);
	assert_int_equal(fileio_pread_full(fd, buf, 3, 6), 3);
	assert_memory_equal(buf, "wor", 3);
	assert_int_equal(fileio_pread_full(fd, buf, sizeof(buf), 11), 0);
	assert_int_equal(fileio_pwrite_all(place->root_fd, "x", 1, 0), -EBADF);
	assert_int_equal(fileio_pread_full(place->root_fd, buf, 1, 0), -EISDIR);
	assert_int_equal(fileio_pread_full(-1, buf, 1, 0), -EBADF);
}

/* A file that is full shows what a short write leaves: /dev/full takes nothing. */
static void test_write_error_is_told(void **state)
{
	CLEANUP_CLOSE int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fileio_pwrite_all(fd, "x", 1, 0), -ENOSPC);
}

static void test_rename_noreplace(void **state)
{
	const struct place *place = *state;
	CLEANUP_CLOSE int dir_fd = fileio_open_beneath(place->root_fd, "dir", O_RDONLY | O_DIRECTORY, 0);
	char buf[16];

	assert_true(dir_fd >= 0);
	write_file(place->root_fd, "part", "new");
	write_file(dir_fd, "taken", "old");
	assert_int_equal(fileio_rename_noreplace(place->root_fd, "part", dir_fd, "taken"), -EEXIST);
	assert_int_equal(fileio_rename_noreplace(place->root_fd, "missing", dir_fd, "x"), -ENOENT);
	assert_int_equal(fileio_rename_noreplace(place->root_fd, "part", dir_fd, "free"), 0);
	assert_int_equal(faccessat(place->root_fd, "part", F_OK, 0), -1);
	CLEANUP_CLOSE int fd = fileio_open_beneath(dir_fd, "free", O_RDONLY, 0);

	assert_int_equal(fileio_pread_full(fd, buf, sizeof(buf), 0), 3);
	assert_memory_equal(buf, "new", 3);
	assert_int_equal(fileio_sync_dir(dir_fd), 0);
	assert_int_equal(fileio_sync_dir(-1), -EBADF);
}

static void test_mkdir_path(void **state)
{
	const struct place *place = *state;
	CLEANUP_FREE char *deep = in_place(place, "x/y/z"), *slash = in_place(place, "s/t//"),
			  *below_file = in_place(place, "root/file/d"), *file = in_place(place, "root/file");
	struct stat st;

	assert_int_equal(fileio_mkdir_path(deep, 0700), 0);
	assert_int_equal(fileio_mkdir_path(deep, 0700), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fileio_mkdir_path(slash, 0700), 0);
	assert_int_equal(stat(slash, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(fileio_mkdir_path(below_file, 0700), -ENOTDIR);
	assert_int_equal(fileio_mkdir_path(file, 0700), -ENOTDIR);
	assert_int_equal(fileio_mkdir_path("relative", 0700), -EINVAL);
	assert_int_equal(fileio_mkdir_path("/", 0700), 0);
}

static void test_read_file(void **state)
{
	const struct place *place = *state;
	CLEANUP_FREE char *file = in_place(place, "root/file"), *dir = in_place(place, "root"),
			  *big = in_place(place, "big");
	CLEANUP_FREE char *filler = xmalloc(100001);
	char *text = NULL;
	size_t len = 0;

	assert_int_equal(fileio_read_file(file, 6, &text, &len), 0);
	assert_int_equal(len, 6);
	CHECK_STR_FREE("whole", text, "inside");
	text = NULL;
	assert_int_equal(fileio_read_file(file, 5, &text, &len), -EFBIG);
	assert_int_equal(fileio_read_file("/nonexistent", 5, &text, &len), -ENOENT);
	assert_int_equal(fileio_read_file(dir, 5, &text, &len), -EISDIR);
	assert_null(text);
	memset(filler, 'x', 100000);
	filler[100000] = '\0';
	write_file(AT_FDCWD, big, filler);
	assert_int_equal(fileio_read_file(big, 100000, &text, &len), 0);
	CHECK_STR_FREE("grown", text, filler);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(test_open_beneath),
		IN_PLACE(test_mkdir_beneath),
		IN_PLACE(test_mkdir_beneath_mode),
		IN_PLACE(test_read_and_write_at),
		cmocka_unit_test(test_write_error_is_told),
		IN_PLACE(test_rename_noreplace),
		IN_PLACE(test_mkdir_path),
		IN_PLACE(test_read_file),
		IN_PLACE(test_open_beneath_in_steps),
		IN_PLACE(test_mkdir_beneath),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

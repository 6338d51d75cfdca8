/* fetchctl/netrc: the files that ftp(1), curl(1) and git(1) read */
#include "config.h"

#include "unit.h"

#include "fetchctl/netrc.h"

#define FILE_TEXT                                                                                            \
	"# a comment: machine commented.test login no password no\n"                                         \
	"machine a.test login anna password one\n"                                                           \
	"machine b.test\n\tlogin \"bert b\"\r\n\tpassword \"t\\\"w\\\\o #\"\n\taccount x\n"                  \
	"machine a.test login berta password three\n"                                                        \
	"machine m.test login mary password four macdef init\nmachine x.test login no password no\n\n"       \
	"machine n.test login nora\n"                                                                        \
	"machine p.test password five\n"                                                                     \
	"  # machine commented.test login no password no\n"                                                  \
	"machine ::1 login six password six#6\n"                                                             \
	"default login guest password guest@\n"

static void test_find(void **state)
{
	static const struct {
		const char *host, *user, *want_user, *want_password;
	} rows[] = {
		{"a.test", NULL, "anna", "one"},
		{"A.TEST", NULL, "anna", "one"},
		{"a.test", "berta", "berta", "three"},
		{"b.test", NULL, "bert b", "t\"w\\o #"},
		{"m.test", NULL, "mary", "four"},
		{"n.test", NULL, "nora", NULL},
		{"p.test", NULL, NULL, "five"},
		{"p.test", "anybody", NULL, "five"},
		{"::1", NULL, "six", "six#6"},
		{"x.test", NULL, "guest", "guest@"},
		{"commented.test", NULL, "guest", "guest@"},
		{"a.test", "guest", "guest", "guest@"},
	};
	struct netrc_login login;

	(void)state;
	assert_null(netrc_refusal(FILE_TEXT));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_INT(rows[i].host, netrc_find(FILE_TEXT, rows[i].host, rows[i].user, &login), true);
		CHECK_STR(rows[i].host, login.user, rows[i].want_user);
		CHECK_STR(rows[i].host, login.password, rows[i].want_password);
		netrc_login_done(&login);
	}
	assert_false(netrc_find(FILE_TEXT, "a.test", "nobody", &login));
	assert_null(login.user);
}

/* Whatever stands there, reading it ends. */
static void test_odd_files(void **state)
{
	static const struct {
		const char *text;
		bool good, found; /* for the host "h" */
	} rows[] = {
		{"", true, false},
		{"\n\n", true, false},
		{"machine", true, false},
		{"machine h", true, true},
		{"machine h login", true, true},
		{"machine h login u password", true, true},
		{"login u password p machine h", true, true},
		{"machine g login u password p", true, false},
		{"default", true, true},
		{"macdef x\nmachine h login u", true, false},
		{"macdef x\r\nmachine g login u\r\n\r\nmachine h login u", true, true},
		{"machine h login u password \"", false, true},
		{"machine h login u password \"a\\\"", false, true},
		{"machine h login u password \"\\", false, true},
		{"#", true, false},
		{"machine \"h\" login u", true, true},
	};
	struct netrc_login login;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		CHECK_INT(rows[i].text, netrc_refusal(rows[i].text) == NULL, rows[i].good);
		CHECK_INT(rows[i].text, netrc_find(rows[i].text, "h", NULL, &login), rows[i].found);
		netrc_login_done(&login);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_odd_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

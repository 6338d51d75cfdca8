/* Attempt and JSON: the type Attempt, read and written in one place for both programs. Owns nothing; any
 * thread.
 */
#include "config.h"

#include "wire/attemptjson.h"

#include <string.h>

#include "base/alloc.h"
#include "wire/fields.h"

#define AT(member) offsetof(struct attempt, member)

/* "error" and "http_version" are read and written apart. */
static const struct field fields[] = {
	{"number", FIELD_INT64, AT(number), 1, INT64_MAX, true},
	{"started_usec", FIELD_INT64, AT(started_usec), 0, INT64_MAX, true},
	{"ended_usec", FIELD_INT64, AT(ended_usec), 0, INT64_MAX, true},
	{"outcome", FIELD_OUTCOME, AT(outcome), .required = true},
	{"host", FIELD_STRING, AT(origin)},
	{"address", FIELD_STRING, AT(address)},
	{"http_status", FIELD_INT, AT(http_status), 0, INT32_MAX},
	{"dns_usec", FIELD_INT64, AT(dns_usec), 0, INT64_MAX},
	{"connect_usec", FIELD_INT64, AT(connect_usec), 0, INT64_MAX},
	{"tls_usec", FIELD_INT64, AT(tls_usec), 0, INT64_MAX},
	{"first_byte_usec", FIELD_INT64, AT(first_byte_usec), 0, INT64_MAX},
	{"redirects", FIELD_INT, AT(redirects), 0, INT32_MAX, true},
	{"offset", FIELD_INT64, AT(offset), 0, INT64_MAX, true},
	{"bytes", FIELD_INT64, AT(bytes), 0, INT64_MAX, true},
	{"note", FIELD_STRING, AT(note)},
};

static const struct {
	int number;
	const char *word;
} http_versions[] = {{10, "1.0"}, {11, "1.1"}, {20, "2"}, {30, "3"}};

static const char *version_word(int number)
{
	for (size_t i = 0; i < ARRAY_LEN(http_versions); i++)
		if (http_versions[i].number == number)
			return http_versions[i].word;
	return NULL;
}

/* 0 when there is none, or one of a later time. */
static int version_number(const json_t *word)
{
	for (size_t i = 0; i < ARRAY_LEN(http_versions) && json_is_string(word); i++)
		if (strcmp(http_versions[i].word, json_string_value(word)) == 0)
			return http_versions[i].number;
	return 0;
}

json_t *wire_attempt_to_json(const struct attempt *attempt)
{
	json_t *object = object_new();

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].offset != AT(http_status) || attempt->http_status > 0)
			field_put(object, &fields[i], attempt);
	object_put_string(object, "http_version", version_word(attempt->http_version));
	object_put_error(object, attempt->code, attempt->message);
	return object;
}

struct attempt *wire_attempt_from_json(const json_t *json)
{
	struct attempt *attempt = attempt_new();

	attempt->http_version = version_number(json_object_get(json, "http_version"));
	if (json_is_object(json) && !fields_read(fields, ARRAY_LEN(fields), attempt, json) &&
		object_read_error(json, &attempt->code, &attempt->message))
		return attempt;
	attempt_free(attempt);
	return NULL;
}

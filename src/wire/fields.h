/* Fields: a struct ⇄ a JSON object, by a table of what is where. Inside of wire/. Any thread. */
#ifndef WIRE_FIELDS_H
#define WIRE_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- one value. None of these fails: want of memory ends the program, names are ours. ---- */

json_t *object_new(void);
/* Takes value. */
void object_put(json_t *object, const char *name, json_t *value);
void object_put_int(json_t *object, const char *name, int64_t value);
/* Absent when NULL. */
void object_put_string(json_t *object, const char *name, const char *value);
/* Absent when not above the bound: 0 for times, -1 for sizes and options. */
void object_put_above(json_t *object, const char *name, int64_t bound, int64_t value);
/* "error", absent when there is no code. */
void object_put_error(json_t *object, const char *code, const char *message);
/* Absent is fine. False when it is no error. */
bool object_read_error(const json_t *object, char **code, char **message);

/* ---- tables ---- */

enum field_type {
	FIELD_STRING, /* char * */
	FIELD_INT64,
	FIELD_INT, /* int, also int32_t, uid_t and unsigned */
	FIELD_BOOL,
	/* words of enums */
	FIELD_STATE,
	FIELD_WAIT,
	FIELD_CONFLICT,
	FIELD_RESUME,
	FIELD_INTEGRITY,
	FIELD_AUTH,
	FIELD_OUTCOME,
	FIELD_HEADERS, /* array of strings → char *, each line ended by '\n' */
	FIELD_MIRRORS, /* array of URLs → char *, the same; none is marked, see job/source.h */
	FIELD_HOOK,    /* words of job/hook.h, as what follows */
	FIELD_HOOK_ON,
	FIELD_HOOK_END,
	FIELD_HOOKS,	 /* array of names → char *, with commas between; empty: "" */
	FIELD_AFTER,	 /* array of ids → job->after, those whose success is needed; the struct is a job */
	FIELD_AFTER_ANY, /* the same, those that only have to end */
	FIELD_SECRET,	 /* char * in job->secrets, which is made when it is missing; the struct is a job */
};

struct field {
	const char *name;
	enum field_type type;
	size_t offset;	  /* in the struct; FIELD_SECRET: in struct job_secrets */
	int64_t min, max; /* of integers */
	bool required;
};

/* NULL, or the name of the first field that is missing or wrong. A null stands for absent, as Varlink has it;
 * what is absent is left alone. */
const char *fields_read(const struct field *fields, size_t n, void *base, const json_t *json);
/* NULL, or the first key of json that is in no row; owned by json. */
const char *fields_unknown(const struct field *fields, size_t n, const json_t *json);
/* Absent when it says what an absent one would: NULL, -1, false, the first of an enum that has no -1. Not for
 * states and waits, which are only read by tables. */
void field_put(json_t *object, const struct field *field, const void *base);

#endif

/* Sizes, rates and time spans as people write and read them. Pure; any thread.
 *
 * Sizes: bytes with K, M, G, T (powers of 1024; an "i" and a "B" may follow: 4K, 4KiB, 4KB).
 * Spans: systemd.time(7) ("30s", "1h 30min", "500ms", a bare number is seconds, "infinity").
 */
#ifndef BASE_UNITS_H
#define BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* 0, or -EINVAL (not a number), -ERANGE (does not fit). Then ret is untouched. White space around is fine. */
int units_parse_size(const char *text, int64_t *ret_bytes);
int units_parse_span(const char *text, int64_t *ret_usec);
/* A size, with "/s" allowed behind it; bytes per second. */
int units_parse_rate(const char *text, int64_t *ret_bytes);
/* Decimal, whole string; limits included. */
int units_parse_int(const char *text, int64_t min, int64_t max, int64_t *ret);
/* yes/no, true/false, on/off, 1/0 as systemd takes them. */
int units_parse_bool(const char *text, int *ret);

/* Longest result of the format functions, NUL included. */
#define UNITS_MAX 32

/* "512B", "1.5KiB", "20.0MiB": at most 8 columns. Returns buf. bytes >= 0. */
char *units_format_size(char buf[UNITS_MAX], int64_t bytes);
/* "1.5MiB/s" */
char *units_format_rate(char buf[UNITS_MAX], int64_t bytes_per_sec);
/* The two largest units: "1h 30min", "2.5s", "300ms", "infinity". */
char *units_format_span(char buf[UNITS_MAX], int64_t usec);
/* A clock for progress lines: "0:07", "12:34", "1:02:03", "3d 04h". */
char *units_format_eta(char buf[UNITS_MAX], int64_t usec);
/* Local wall time "2026-11-22 09:45:26". */
char *units_format_time(char buf[UNITS_MAX], int64_t wall_usec);

#endif

/* Varlink framing: JSON messages, each ended by a NUL byte, on a stream socket. Pure; any thread.
 * Limits (FAULTS S2, S3): 1 MiB a message, 16 levels.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include <jansson.h>
#include <stddef.h>

#define WIRE_MESSAGE_MAX ((size_t)1 << 20)
#define WIRE_DEPTH_MAX	 16
#define WIRE_INTERFACE	 "io.fetchd.Manager"

/* Before the first use of JSON: its memory never runs out, and is overwritten when it is freed, since what
 * goes in holds secrets. */
void wire_init(void);
/* One message without its NUL. NULL with *ret_why a static sentence, and *ret_position the byte offset, when
 * it is not a JSON object in valid UTF-8, has duplicate keys, or is too deep. Caller owns the reference. */
json_t *wire_parse(const char *text, size_t n, const char **ret_why, size_t *ret_position);
/* Compact JSON with its NUL; *ret_len counts the NUL. Caller frees. Does not take the reference. */
char *wire_format(const json_t *message, size_t *ret_len);
/* JSON string of bytes that may be no UTF-8: odd bytes as the four characters \xNN. New reference; json null
 * for NULL. */
json_t *wire_string(const char *s);

#endif

/* Names: one safe component out of whatever comes in. Owns nothing; any thread. Must never return a name that
 * a shell, a desktop or another file system reads as more than a name.
 */
#include "config.h"

#include "job/name.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"

/* Beyond this it is no extension but a part of the name. */
#define EXTENSION_BYTES_MAX 16

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Characters with a meaning to some file system or shell. */
static bool is_special(unsigned cp)
{
	return cp < 0x80 && cp != 0 && strchr("/\\:*?\"<>|~", (int)cp);
}

static bool bad_at_start(char c)
{
	return c == '.' || c == ' ' || c == '-';
}

static bool bad_at_end(char c)
{
	return c == '.' || c == ' ';
}

/* Names that are devices to other systems, whatever extension follows. */
static bool is_device(const char *name)
{
	/* The last six end in superscript digits. */
	static const char *const devices[] = {"CON", "PRN", "AUX", "NUL", "CLOCK$", "CONIN$", "CONOUT$",
		"COM0", "COM1", "COM2", "COM3", "COM4", "COM5", "COM6", "COM7", "COM8", "COM9", "LPT0",
		"LPT1", "LPT2", "LPT3", "LPT4", "LPT5", "LPT6", "LPT7", "LPT8", "LPT9", "COM\xc2\xb9",
		"COM\xc2\xb2", "COM\xc2\xb3", "LPT\xc2\xb9", "LPT\xc2\xb2", "LPT\xc2\xb3"};
	size_t n = strcspn(name, ".");

	while (n > 0 && name[n - 1] == ' ')
		n--;
	CLEANUP_FREE char *stem = xstrndup(name, n);

	for (size_t i = 0; i < ARRAY_LEN(devices); i++) {
		if (text_ieq(stem, devices[i]))
			return true;
	}
	return false;
}

/* ---- extensions */

/* Length of a ".ext" that ends at s + n, dot included; 0 for none. A leading dot begins no extension. */
static size_t last_extension(const char *s, size_t n)
{
	size_t len = 0;

	while (len < n && is_alnum(s[n - len - 1]))
		len++;
	if (len == 0 || len > EXTENSION_BYTES_MAX || n < len + 2 || s[n - len - 1] != '.')
		return 0;
	return len + 1;
}

static bool is_compression(const char *ext, size_t n)
{
	static const char *const words[] = {
		".gz", ".xz", ".bz2", ".zst", ".lz", ".lz4", ".lzma", ".lzo", ".br", ".z"};
	CLEANUP_FREE char *word = xstrndup(ext, n);

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (text_ieq(word, words[i]))
			return true;
	}
	return false;
}

/* ".tar" and its like: one to four characters, not a number as in "v1.2.gz". */
static bool is_inner(const char *ext, size_t n)
{
	return n >= 2 && n <= 5 && strspn(ext + 1, "0123456789") < n - 1;
}

/* Length of the extension with its dot, of both in ".tar.gz"; 0 for none. */
static size_t extension_length(const char *name, size_t n)
{
	size_t last = last_extension(name, n);

	if (last == 0 || !is_compression(name + n - last, last))
		return last;
	size_t inner = last_extension(name, n - last);

	return is_inner(name + n - last - inner, inner) ? inner + last : last;
}

/* The longest start of s in at most max bytes that ends between characters. s is UTF-8. */
static size_t utf8_cut(const char *s, size_t n, size_t max)
{
	if (n <= max)
		return n;
	while (max > 0 && ((unsigned char)s[max] & 0xc0) == 0x80)
		max--;
	return max;
}

/* Length of the stem cut to at most max bytes, not ending in what an end must not be. */
static size_t cut_stem(const char *s, size_t n, size_t max)
{
	size_t cut = utf8_cut(s, n, max);

	while (cut > 1 && cut < n && bad_at_end(s[cut - 1]))
		cut--;
	return cut;
}

/* ---- sanitizing */

/* Bytes become characters that may stand in a name; hidden ones are dropped, others become '_'. */
static char *clean_bytes(const char *raw, size_t n)
{
	char *out = xmalloc(n + 1);
	size_t at = 0;
	unsigned cp;

	for (size_t i = 0, len; i < n; i += len) {
		len = text_utf8_decode(raw + i, n - i, &cp);
		if (len == 0 || is_special(cp)) {
			out[at++] = '_';
			len = len > 0 ? len : 1;
		} else if (!text_cp_hidden(cp)) {
			memcpy(out + at, raw + i, len);
			at += len;
		}
	}
	out[at] = '\0';
	return out;
}

/* Cuts both ends in place. */
static void trim(char *s)
{
	size_t start = 0, n;

	while (bad_at_start(s[start]))
		start++;
	n = strlen(s + start);
	memmove(s, s + start, n + 1);
	while (n > 0 && bad_at_end(s[n - 1]))
		s[--n] = '\0';
}

char *name_shorten(const char *name, size_t max)
{
	size_t n = strlen(name), ext = extension_length(name, n);
	size_t stem = cut_stem(name, n - ext, max - ext);

	return xasprintf("%.*s%s", (int)stem, name, name + n - ext);
}

char *name_sanitize_or_null(const char *raw, size_t n)
{
	CLEANUP_FREE char *clean = clean_bytes(raw, n);

	trim(clean);
	if (!*clean)
		return NULL;
	char *name = name_shorten(clean, NAME_BYTES_MAX);

	/* Only now: what was cut out may have been all that made it another name. */
	if (!is_device(name))
		return name;
	CLEANUP_FREE char *device = name;
	CLEANUP_FREE char *prefixed = xasprintf("_%s", device);

	return name_shorten(prefixed, NAME_BYTES_MAX);
}

char *name_sanitize(const char *raw, size_t n)
{
	char *name = name_sanitize_or_null(raw, n);

	return name ? name : xstrdup("download");
}

/* ---- sources of names */

/* Decodes %XX once, in place; what is no escape stays. Returns the new length; NULs may be inside. */
static size_t percent_decode(char *s)
{
	size_t at = 0;

	for (size_t i = 0; s[i]; i++) {
		int byte = text_percent_byte(s + i);

		if (byte >= 0) {
			s[at++] = (char)byte;
			i += 2;
		} else {
			s[at++] = s[i];
		}
	}
	s[at] = '\0';
	return at;
}

/* The last segment of the path, as it stands in the URL. Caller frees. */
static char *last_segment(const char *url)
{
	size_t end = strcspn(url, "?#");
	const char *authority = strstr(url, "://");
	size_t start = authority && (size_t)(authority - url) < end ? (size_t)(authority + 3 - url) : 0;

	start += strcspn(url + start, "/?#");
	for (size_t i = start; i < end; i++) {
		if (url[i] == '/')
			start = i + 1;
	}
	return xstrndup(url + start, end - start);
}

char *name_from_url(const char *url)
{
	CLEANUP_FREE char *segment = last_segment(url);
	size_t n = percent_decode(segment);

	/* "." and ".." name directories, as an empty segment does. */
	if (n == 0 || strcmp(segment, ".") == 0 || strcmp(segment, "..") == 0)
		return xstrdup("index.html");
	return name_sanitize(segment, n);
}

static const char *bytes_refusal(const char *name, size_t n)
{
	unsigned cp;

	for (size_t i = 0, len; i < n; i += len) {
		len = text_utf8_decode(name + i, n - i, &cp);
		if (len == 0)
			return "the file name is not valid UTF-8";
		if (text_cp_hidden(cp))
			return "the file name contains a control or invisible character";
		if (cp == '/')
			return "the file name must not contain '/'; a directory is given by --dir";
		if (is_special(cp))
			return "the file name must not contain any of \\ : * ? \" < > | ~";
	}
	return NULL;
}

const char *name_refusal(const char *name)
{
	size_t n = strlen(name);

	if (n == 0)
		return "the file name is empty";
	if (n > NAME_BYTES_MAX)
		return "the file name is longer than 240 bytes";
	const char *why = bytes_refusal(name, n);

	if (why)
		return why;
	if (bad_at_start(name[0]))
		return "the file name must not begin with a dot, a dash or a space";
	if (bad_at_end(name[n - 1]))
		return "the file name must not end in a dot or a space";
	if (is_device(name))
		return "the file name is a device name on other systems";
	return NULL;
}

static_assert(NAME_BYTES_MAX == 240, "the sentence above says so");

char *name_numbered(const char *name, int n)
{
	char number[16];
	size_t len = strlen(name), ext = extension_length(name, len);
	size_t number_len = (size_t)snprintf(number, sizeof(number), " (%d)", n);
	size_t stem = cut_stem(name, len - ext, NAME_BYTES_MAX + 7 - number_len - ext);

	return xasprintf("%.*s%s%s", (int)stem, name, number, name + len - ext);
}

/* Access lists (acl(5)) as extended attributes: a folder that is its user's and the daemon's alone, and files
 * that come into a folder by a rename as if they had been made there. Runs in the lane. Must never loosen
 * what somebody else has set.
 */
#include "config.h"

#include "fetchd/disk/internal.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/xattr.h>

#include "base/alloc.h"

#define ACCESS	"system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

/* Kept in the kernel's order and byte order: owner, the user, group, mask, others. */
static struct acl_list list_for(uid_t uid)
{
	const struct {
		uint16_t tag, perm;
		uint32_t id;
	} wanted[] = {
		{ACL_USER_OBJ, ACL_READ | ACL_WRITE | ACL_EXECUTE, (uint32_t)ACL_UNDEFINED_ID},
		{ACL_USER, ACL_READ | ACL_WRITE | ACL_EXECUTE, uid},
		{ACL_GROUP_OBJ, 0, (uint32_t)ACL_UNDEFINED_ID},
		{ACL_MASK, ACL_READ | ACL_WRITE | ACL_EXECUTE, (uint32_t)ACL_UNDEFINED_ID},
		{ACL_OTHER, 0, (uint32_t)ACL_UNDEFINED_ID},
	};
	struct acl_list list = {.wire.header.a_version = htole32(POSIX_ACL_XATTR_VERSION)};

	for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
		list.wire.entries[list.n++] = (struct posix_acl_xattr_entry){
			.e_tag = htole16(wanted[i].tag),
			.e_perm = htole16(wanted[i].perm),
			.e_id = htole32(wanted[i].id),
		};
	return list;
}

static size_t list_size(const struct acl_list *list)
{
	return sizeof(list->wire.header) + list->n * sizeof(list->wire.entries[0]);
}

int acl_make_private(int dir_fd, uid_t uid)
{
	struct acl_list list = list_for(uid);

	/* The default comes last: it tells that all is done. */
	if (fsetxattr(dir_fd, ACCESS, &list.wire, list_size(&list), 0) < 0 ||
		fsetxattr(dir_fd, DEFAULT, &list.wire, list_size(&list), 0) < 0)
		return -errno;
	return 0;
}

int acl_of_folder(int dir_fd, struct acl_list *ret)
{
	ssize_t n = fgetxattr(dir_fd, DEFAULT, &ret->wire, sizeof(ret->wire));

	ret->n = 0;
	if (n < 0)
		return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
	if (n > (ssize_t)sizeof(ret->wire.header))
		ret->n = ((size_t)n - sizeof(ret->wire.header)) / sizeof(ret->wire.entries[0]);
	return 0;
}

/* acl(5), "object creation": where there is a mask, it stands for the group. Nothing that comes from outside
 * may be executed. */
int acl_inherit(int fd, const struct acl_list *of_folder)
{
	struct acl_list list = *of_folder;
	bool masked = false;

	for (size_t i = 0; i < list.n; i++)
		masked = masked || le16toh(list.wire.entries[i].e_tag) == ACL_MASK;
	for (size_t i = 0; i < list.n; i++) {
		struct posix_acl_xattr_entry *entry = &list.wire.entries[i];
		int tag = le16toh(entry->e_tag);

		if (tag == ACL_USER_OBJ || tag == ACL_MASK || tag == ACL_OTHER ||
			(tag == ACL_GROUP_OBJ && !masked))
			entry->e_perm &= htole16(ACL_READ | ACL_WRITE);
	}
	return fsetxattr(fd, ACCESS, &list.wire, list_size(&list), 0) < 0 ? -errno : 0;
}

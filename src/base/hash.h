/* uthash, with the house's rule for want of memory. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdlib.h>

#define uthash_fatal(msg) abort()
#include <uthash.h>

#endif

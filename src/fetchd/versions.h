/* --version: what this program is made of. */
#ifndef FETCHD_VERSIONS_H
#define FETCHD_VERSIONS_H

#include <stdio.h>

void versions_print(FILE *to);

#endif

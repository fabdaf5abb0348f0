// arguments.c — the command line as the kernel handed it over; Swift's own reads /proc, which a chroot may lack
// SPDX-License-Identifier: MIT

#include "arguments.h"

static int count;
static char **vector;

__attribute__((constructor)) static void keep(int argc, char **argv)
{
	count = argc;
	vector = argv;
}

int carguments_count(void) { return count; }
const char *carguments_at(int index) { return index >= 0 && index < count ? vector[index] : 0; }

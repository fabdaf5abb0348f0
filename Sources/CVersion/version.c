// version.c — the release, from the one file that has it, and the commit, where the build knows it
// SPDX-License-Identifier: MIT

#include "version.h"

// Swift's clang has it since 6.2, in C of any year.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char release[] = {
#embed "../../VERSION"
	, 0
};

const char *cversion_release(void) { return release; }

const char *cversion_commit(void)
{
#ifdef PURGATORY_COMMIT
	return PURGATORY_COMMIT;
#else
	return 0;
#endif
}

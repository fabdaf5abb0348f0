// version.h — the release and the commit
// SPDX-License-Identifier: MIT
#ifndef CVERSION_H
#define CVERSION_H

/// What the file VERSION has, its newline too.
const char *_Nonnull cversion_release(void);

/// A null pointer where the build did not say.
const char *_Nullable cversion_commit(void);

#endif

// arguments.h — the command line as the kernel handed it over
// SPDX-License-Identifier: MIT
#ifndef CARGUMENTS_H
#define CARGUMENTS_H

int carguments_count(void);

/// A null pointer from carguments_count() on.
const char *_Nullable carguments_at(int index);

#endif

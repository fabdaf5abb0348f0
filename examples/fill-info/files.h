/* files.h — whole files in and out, for the examples that run on a host
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include "fill.h"

/* Leaves the program with `error: NAME: PROBLEM`. */
_Noreturn void fail(const char *name, const char *problem);

/* The file of an argument FILE@ADDRESS; or of FILE, at 0. */
struct file read_file(char *argument);

void write_file(const char *name, const struct file *file);

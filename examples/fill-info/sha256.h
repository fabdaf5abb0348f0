/* sha256.h — any SHA-256 will do; this is a small one
 * SPDX-License-Identifier: MIT
 */
#pragma once
#include <stddef.h>

void sha256(const unsigned char *bytes, size_t size, unsigned char digest[32]);

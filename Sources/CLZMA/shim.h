// shim.h — liblzma as Swift sees it
// SPDX-License-Identifier: MIT
#pragma once
#include <lzma.h>

// shim.h — zlib as Swift sees it
// SPDX-License-Identifier: MIT
#pragma once
#include <zlib.h>

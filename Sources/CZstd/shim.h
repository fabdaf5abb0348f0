// shim.h — libzstd as Swift sees it
// SPDX-License-Identifier: MIT
#pragma once
#include <zstd.h>

// shim.h — libfdt as Swift sees it
// SPDX-License-Identifier: MIT
#pragma once
#include <libfdt.h>

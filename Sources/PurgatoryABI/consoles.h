/* consoles.h — the initialisers of purgatory_info.h as constants, for Swift, which does not import such macros
 * SPDX-License-Identifier: MIT
 */
#include "../../purgatory/include/purgatory_info.h"

static const struct purgatory_console purgatory_console_raw = PURGATORY_CONSOLE_RAW;
static const struct purgatory_console purgatory_console_pl011 = PURGATORY_CONSOLE_PL011;
static const struct purgatory_console purgatory_console_8250 = PURGATORY_CONSOLE_8250;
static const struct purgatory_console purgatory_console_8250_mmio32 = PURGATORY_CONSOLE_8250_MMIO32;

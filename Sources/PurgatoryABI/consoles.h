/* consoles.h — the initialisers of purgatory_info.h as constants, for Swift, which does not import such macros
 * SPDX-License-Identifier: MIT
 */
#include "../../purgatory/include/purgatory_info.h"

static const struct purgatory_console purgatory_console_raw = PURGATORY_CONSOLE_RAW;
static const struct purgatory_console purgatory_console_pl011 = PURGATORY_CONSOLE_PL011;
static const struct purgatory_console purgatory_console_qdf2400 = PURGATORY_CONSOLE_QDF2400;
static const struct purgatory_console purgatory_console_8250 = PURGATORY_CONSOLE_8250;
static const struct purgatory_console purgatory_console_8250_stride4 = PURGATORY_CONSOLE_8250_STRIDE4;
static const struct purgatory_console purgatory_console_8250_mmio32 = PURGATORY_CONSOLE_8250_MMIO32;
static const struct purgatory_console purgatory_console_imx = PURGATORY_CONSOLE_IMX;
static const struct purgatory_console purgatory_console_lpuart = PURGATORY_CONSOLE_LPUART;
static const struct purgatory_console purgatory_console_lpuart32 = PURGATORY_CONSOLE_LPUART32;
static const struct purgatory_console purgatory_console_imx_lpuart = PURGATORY_CONSOLE_IMX_LPUART;
static const struct purgatory_console purgatory_console_meson = PURGATORY_CONSOLE_MESON;
static const struct purgatory_console purgatory_console_cadence = PURGATORY_CONSOLE_CADENCE;
static const struct purgatory_console purgatory_console_scif = PURGATORY_CONSOLE_SCIF;
static const struct purgatory_console purgatory_console_scifa = PURGATORY_CONSOLE_SCIFA;
static const struct purgatory_console purgatory_console_samsung = PURGATORY_CONSOLE_SAMSUNG;
static const struct purgatory_console purgatory_console_armada3700 = PURGATORY_CONSOLE_ARMADA3700;
static const struct purgatory_console purgatory_console_armada3700_ext = PURGATORY_CONSOLE_ARMADA3700_EXT;
static const struct purgatory_console purgatory_console_stm32 = PURGATORY_CONSOLE_STM32;

// console_test.go — UARTs by name and address
// SPDX-License-Identifier: MIT

package purgatory

import "testing"

func TestParseConsole(t *testing.T) {
	for text, want := range map[string]Console{
		"pl011@0x9000000":        {0x9000000, 4, 0, 0x18, 8, 0},
		"8250@4096":              {0x1000, 1, 0, 5, 0x40, 0x40},
		"8250-mmio32@0xfe215040": {0xfe215040, 4, 0, 20, 0x40, 0x40},
		"raw@1":                  {Base: 1},
	} {
		if got, err := ParseConsole(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "pl011", "pl011@", "pl011@0", "pl011@x", "pl011@-1", "16550@0x1000", "@0x1000"} {
		_, err := ParseConsole(text)
		expectError(t, err, `console: "`+text+`", expected one of 8250, 8250-mmio32, pl011, raw, and @ADDRESS`)
	}
}

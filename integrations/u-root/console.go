// console.go — a UART by name and address
// SPDX-License-Identifier: MIT

package purgatory

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// ParseConsole reads NAME@ADDRESS: pl011@0x9000000.
func ParseConsole(text string) (Console, error) {
	name, address, _ := strings.Cut(text, "@")
	console, known := uarts[name]
	base, err := strconv.ParseUint(address, 0, 64)
	if !known || err != nil || base == 0 {
		return Console{}, refuse("console", fmt.Sprintf("%q", text),
			fmt.Sprintf("one of %s, and @ADDRESS", strings.Join(names(), ", ")))
	}
	console.Base = base
	return console, nil
}

func names() []string {
	var names []string
	for name := range uarts {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// main.swift — the program `purgatory`
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryCommand

Purgatory.main()

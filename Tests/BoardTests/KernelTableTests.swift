// KernelTableTests.swift — the kernel's own loader knows the UARTs that the tool knows by name, and no others
// SPDX-License-Identifier: MIT

import TestSupport
import Testing

@testable import PurgatoryKit

@Suite struct KernelTableTests {
  /// The rows of fill.c: compatible, and the name of the initialiser.
  private func rows() throws -> [String: String] {
    let source = String(
      decoding: try LinuxInputs.bytes("\(packageFolder)/integrations/linux/tree/arch/arm64/purgatory/fill.c"),
      as: UTF8.self)
    let consoles = Dictionary(
      uniqueKeysWithValues: source.matches(of: /purgatory_console (\w+) = PURGATORY_CONSOLE_(\w+);/).map {
        (String($0.1), $0.2.lowercased().replacing("_", with: "-"))
      })
    return Dictionary(
      uniqueKeysWithValues: source.matches(of: /\.compatible = "([^"]+)", \.data = &(\w+) }/).map {
        (String($0.1), consoles[String($0.2)] ?? "")
      })
  }

  @Test func theyAgree() throws {
    var expected: [String: String] = [:]
    for (name, binding) in UARTBinding.all {
      switch binding {
      case .described(let uart) where uart.name != "described": expected[name] = uart.name
      case .registers(.some): expected[name] = "8250-mmio32"
      case .registers(nil): expected[name] = "8250"
      case .described, .commands: break
      }
    }
    let rows = try rows()
    #expect(expected.count > 60)
    for name in Set(rows.keys).union(expected.keys) { #expect(rows[name] == expected[name], "\(name)") }
  }
}

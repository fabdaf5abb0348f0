// ConsoleChoice.swift — --console: auto, none, a UART by name, or one that has none
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// `auto`, `none`, `TYPE@ADDR` or `custom:FIELD=VALUE,…@ADDR`.
package enum ConsoleChoice {
  case auto
  case none
  case uart(PurgatoryInfo.Console)

  static let completions = ["auto", "none"] + UART.named.map { "\($0.name)@" }

  package init(parsing text: String) throws {
    if text == "none" || text == "auto" {
      self = text == "none" ? .none : .auto
      return
    }
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let uart = try UART(parsing: parts[0]) else {
      let names = UART.named.map(\.name).joined(separator: ", ")
      throw ValueError(
        description: "expected auto, none or TYPE@ADDR with one of the types \(names), custom:\(UART.syntax)")
    }
    let base = try parseAddress(parts[1])
    guard base != 0 else {
      throw ValueError(description: "a console at 0 is silent, expected its MMIO address or none")
    }
    let console = PurgatoryInfo.Console(uart, base: base)
    if let fault = console.fault {
      throw ValueError(description: "\(fault.found), expected \(fault.expected)")
    }
    self = .uart(console)
  }
}

extension UART {
  static let syntax = "access=1|4,data=N,status=N,mask=N,ready=N"

  /// A name, or `custom:` and the fields of a description; nil: neither.
  fileprivate init?(parsing text: String) throws {
    if let named = Self.named.first(where: { $0.name == text }) {
      self = named.uart
      return
    }
    guard text.hasPrefix("custom:") else { return nil }
    self.init(access: 1)
    var seen: Set<String> = []
    for setting in text.dropFirst("custom:".count).split(separator: ",", omittingEmptySubsequences: false) {
      let parts = setting.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(
        String.init)
      guard parts.count == 2, let field = Self.settings.first(where: { $0.name == parts[0] })?.field else {
        throw ValueError(description: "\"\(setting)\" is no field of a console, expected \(Self.syntax)")
      }
      guard seen.insert(parts[0]).inserted else {
        throw ValueError(description: "\(parts[0]) is given twice")
      }
      guard let value = UInt32(exactly: try parseNumber(parts[1])) else {
        throw ValueError(description: "\(setting): expected a number below 2^32")
      }
      self[keyPath: field] = value
    }
    guard seen.contains("access"), access != 0 else {
      throw ValueError(description: "expected access=1 or access=4, the bytes of a register access")
    }
  }
}

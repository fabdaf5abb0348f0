// ExceptionLine.swift — how the purgatory reports an exception
// SPDX-License-Identifier: MIT

import TestSupport

struct ExceptionLine: Equatable, Sendable {
  var name: String
  var esr: UInt64
  var elr: UInt64
  /// ELR from the blob's base.
  var offset: UInt64
  var far: UInt64

  /// Word for word.
  var text: String {
    "purgatory: exception: \(name), esr \(Message.hex(esr)), elr \(Message.hex(elr))"
      + " (blob+\(Message.hex(offset))), far \(Message.hex(far))\r\n"
  }

  /// Every line of that form.
  static func all(in console: String) -> [ExceptionLine] {
    console.matches(
      of:
        /purgatory: exception: (?<name>[^,]+), esr 0x(?<esr>[0-9a-f]+), elr 0x(?<elr>[0-9a-f]+) \(blob\+0x(?<offset>[0-9a-f]+)\), far 0x(?<far>[0-9a-f]+)\r\n/
    ).compactMap { match in
      func number(_ digits: Substring) -> UInt64 { UInt64(digits, radix: 16) ?? 0 }
      let line = ExceptionLine(
        name: String(match.output.name), esr: number(match.output.esr), elr: number(match.output.elr),
        offset: number(match.output.offset), far: number(match.output.far))
      return line.text == match.output.0 ? line : nil
    }
  }
}

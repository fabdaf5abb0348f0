// Output.swift — data goes to standard output, talk to standard error
// SPDX-License-Identifier: MIT

import SystemPackage

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Says `text` to the person at the terminal.
func talk(_ text: String) {
  _ = try? FileDescriptor.standardError.writeAll(text.utf8)
}

var standardOutputIsTerminal: Bool { isatty(FileDescriptor.standardOutput.rawValue) != 0 }

extension BinaryInteger {
  /// Decimal digits in groups of three.
  var grouped: String {
    var text = ""
    for (index, digit) in "\(self)".reversed().enumerated() {
      if index > 0, index.isMultiple(of: 3) { text.append(",") }
      text.append(digit)
    }
    return String(text.reversed())
  }
}

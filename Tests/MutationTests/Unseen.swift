// Unseen.swift — purgatory/unseen.txt: the instructions that no emulator can miss, and why
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

/// A line for each: routine | instruction | which of those that are alike | nop or inverted | why.
struct Unseen: Sendable {
  var reasons: [String: String] = [:]
  /// Lines that are not of that form, or there twice.
  var bad: [String] = []

  init() throws {
    let text = try String(contentsOfFile: "\(packageFolder)/purgatory/unseen.txt", encoding: .utf8)
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let fields = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let key = fields.prefix(4).joined(separator: " | ")
      if fields.count != 5 || fields[4].isEmpty || reasons[key] != nil { bad.append(String(line)) }
      reasons[key] = fields.last
    }
  }
}

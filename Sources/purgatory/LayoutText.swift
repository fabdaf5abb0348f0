// LayoutText.swift — a memory map as a picture, and as a table
// SPDX-License-Identifier: MIT

import PurgatoryKit

extension Layout {
  /// Lines that show where everything goes; none if nothing is loaded.
  func text(purgatorySize: UInt64) -> [String] {
    var rows = segments.map { Row(range: $0.range, name: $0.role.rawValue, detail: $0.file) }
    if let loadAddress {
      rows.append(Row(range: loadAddress..<loadAddress + purgatorySize, name: "purgatory", detail: ""))
    }
    guard !rows.isEmpty else { return [] }
    rows += reserved.map { Row(range: $0, name: "reserved", detail: "") }
    rows.sort { $0.range.lowerBound < $1.range.lowerBound }
    return picture(rows) + [""] + table(rows) + [""]
  }

  private struct Row {
    let range: Range<UInt64>
    let name: String
    let detail: String
  }

  /// RAM from its start, free parts as gaps.
  private func picture(_ rows: [Row]) -> [String] {
    let edge = { (address: UInt64, note: String) in
      let text = String(hex: address)
      return String(repeating: " ", count: max(18 - text.count, 0)) + text + " +--------------+\(note)"
    }
    let box = { (text: String) in
      String(repeating: " ", count: 19) + "| " + text + String(repeating: " ", count: max(13 - text.count, 0))
        + "|"
    }
    var lines: [String] = []
    var end: UInt64?
    func gap(to address: UInt64) {
      if let last = end, last < address { lines += [edge(last, ""), box("")] }
    }
    let banks = memory.sorted { $0.lowerBound < $1.lowerBound }
    for row in rows {
      for bank in banks where bank.contains(row.range.lowerBound) && !(end.map(bank.contains) ?? false) {
        if let last = end { lines.append(edge(last, "")) }
        end = bank.lowerBound
      }
      gap(to: row.range.lowerBound)
      lines += [edge(row.range.lowerBound, ""), box(row.name)]
      end = row.range.upperBound
    }
    if let last = end {
      let bank = banks.first { $0.contains(last) }
      if let bank {
        lines += [edge(last, ""), box(""), edge(bank.upperBound, " end of memory")]
      } else {
        lines.append(edge(last, ""))
      }
    }
    return lines
  }

  private func table(_ rows: [Row]) -> [String] {
    rows.map { row in
      let place = "\(String(hex: row.range.lowerBound))-\(String(hex: row.range.upperBound))"
      let size = "\((row.range.upperBound - row.range.lowerBound).grouped) bytes"
      let pad = { (text: String, width: Int) in
        text + String(repeating: " ", count: max(width - text.count, 0))
      }
      let line = "  " + pad(row.name, 10) + pad(place, 24) + pad(size, 20) + row.detail
      return String(line.reversed().drop { $0 == " " }.reversed())
    }
  }
}

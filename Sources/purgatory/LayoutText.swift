// LayoutText.swift — a memory map as a picture, and as a table
// SPDX-License-Identifier: MIT

import PurgatoryKit

extension Layout {
  /// Lines that show where everything goes; none if nothing is loaded.
  func text(purgatorySize: UInt64) -> [String] {
    var rows = segments.map { Row(range: $0.range, name: $0.role.rawValue, detail: $0.file) }
    if let loadAddress {
      rows.append(Row(range: loadAddress..<loadAddress + purgatorySize, name: "purgatory"))
    }
    guard !rows.isEmpty else { return [] }
    let kept = reserved.map { Row(range: $0, name: "reserved") }
    return picture(loaded: rows, reserved: kept) + [""] + table((rows + kept).sorted()) + [""]
  }

  private struct Row: Comparable {
    let range: Range<UInt64>
    let name: String
    var detail = ""

    static func < (left: Row, right: Row) -> Bool { left.range.lowerBound < right.range.lowerBound }
  }

  /// All memory, free parts as boxes without a name; of memory that is not known, that between the rows.
  private func picture(loaded: [Row], reserved: [Row]) -> [String] {
    var boxes = loaded
    // What is loaded into reserved memory, because somebody said so, hides it.
    boxes += reserved.flatMap { row in
      row.range.without(loaded.map(\.range)).map { Row(range: $0, name: row.name) }
    }
    let known = memory.isEmpty ? [boxes.map(\.range).span] : memory
    boxes += known.flatMap { $0.without(boxes.map(\.range)) }.map { Row(range: $0, name: "") }

    let edge = { (address: UInt64) in
      String(hex: address).padded(onTheLeftTo: 18) + " +--------------+"
        + (memory.contains { $0.upperBound == address } ? " end of memory" : "")
    }
    var lines: [String] = []
    var end: UInt64?
    for box in boxes.sorted() {
      if let end, end != box.range.lowerBound { lines.append(edge(end)) }
      lines.append(edge(box.range.lowerBound))
      lines.append("".padded(to: 19) + "| " + box.name.padded(to: 13) + "|")
      end = box.range.upperBound
    }
    return lines + [end.map(edge)].compactMap { $0 }
  }

  private func table(_ rows: [Row]) -> [String] {
    let places = rows.map { "\(String(hex: $0.range.lowerBound))-\(String(hex: $0.range.upperBound))" }
    let width = max(24, (places.map(\.count).max() ?? 0) + 3)
    return zip(rows, places).map { row, place in
      let size = "\((row.range.upperBound - row.range.lowerBound).grouped) bytes"
      let line = "  " + row.name.padded(to: 10) + place.padded(to: width)
      return row.detail.isEmpty ? line + size : line + size.padded(to: 20) + row.detail
    }
  }
}

extension Range<UInt64> {
  /// Its parts that are in none of `others`.
  fileprivate func without(_ others: [Self]) -> [Self] {
    others.reduce([self]) { parts, other in
      parts.flatMap { part in
        guard part.overlaps(other) else { return [part] }
        return [
          part.lowerBound..<Swift.max(part.lowerBound, other.lowerBound),
          Swift.min(part.upperBound, other.upperBound)..<part.upperBound,
        ].filter { !$0.isEmpty }
      }
    }
  }
}

extension [Range<UInt64>] {
  /// From the lowest address to the highest.
  fileprivate var span: Range<UInt64> {
    (map(\.lowerBound).min() ?? 0)..<(map(\.upperBound).max() ?? 0)
  }
}

extension String {
  /// With spaces on the right up to `width`.
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(width - count, 0))
  }

  fileprivate func padded(onTheLeftTo width: Int) -> String {
    String(repeating: " ", count: max(width - count, 0)) + self
  }
}

// LayoutText.swift — a memory map as a picture, and as a table
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

extension Segment {
  /// What is loaded where, in a line.
  var text: String { "\(role.rawValue): \(file), \(contents.count.grouped) bytes at \(String(hex: base))" }
}

extension Layout {
  /// Lines that show where everything goes; none if nothing is loaded.
  func text(purgatorySize: UInt64) -> [String] {
    var rows = segments.map { Row(range: $0.range, name: $0.role.rawValue, detail: $0.file) }
    if let range = loadAddress.flatMap({ Range(base: $0, size: purgatorySize) }) {
      rows.append(Row(range: range, name: "purgatory"))
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
    boxes += reserved.map(\.range).merged.subtracting(loaded.map(\.range).merged)
      .map { Row(range: $0, name: "reserved") }
    let known = memory.isEmpty ? [boxes.map(\.range).span] : memory
    boxes += known.subtracting(boxes.map(\.range).merged).map { Row(range: $0, name: "") }

    let ends = Set(memory.map(\.upperBound))
    let edge = { (address: UInt64) in
      String(hex: address).padded(onTheLeftTo: 18) + " +--------------+"
        + (ends.contains(address) ? " end of memory" : "")
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
      let size = "\(row.range.size.grouped) bytes"
      let line = "  " + row.name.padded(to: 10) + place.padded(to: width)
      return row.detail.isEmpty ? line + size : line + size.padded(to: 20) + row.detail
    }
  }
}

extension [Range<UInt64>] {
  /// From the lowest address to the highest.
  fileprivate var span: Range<UInt64> {
    Range(uncheckedBounds: (map(\.lowerBound).min() ?? 0, map(\.upperBound).max() ?? 0))
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

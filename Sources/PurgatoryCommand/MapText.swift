// MapText.swift — a memory map as a picture of characters, and as a table
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

extension Segment {
  /// What is loaded where, in a line.
  var text: String { "\(role.rawValue): \(file), \(contents.count.grouped) bytes at \(String(hex: base))" }
}

extension MemoryDiagram {
  /// Lines that show where everything goes; none if nothing is known.
  var text: [String] {
    areas.isEmpty ? [] : picture + [""] + table + [""]
  }

  /// An address as a person reads it.
  func text(of address: UInt64) -> String {
    isRelative ? "base \(signedHex(address &- Self.origin))" : String(hex: address)
  }

  /// From the lowest address to the highest: what is used as boxes with a name, what is free as boxes without.
  private var picture: [String] {
    let slices = slices
    let labels = slices.map { $0.visible.map(\.name).joined(separator: ", ") }
    let width = max(12, labels.map(\.count).max() ?? 0)
    let addressWidth = max(18, areas.map { text(of: $0.range.upperBound).count }.max() ?? 0)
    let rule = "+" + String(repeating: "-", count: width &+ 2) + "+"
    let memoryEnds = Set(memory.map(\.upperBound))
    func edge(_ address: UInt64, isEnd: Bool) -> String {
      var names = marks.filter { $0.address == address }.map(\.name)
      if isEnd, memoryEnds.contains(address) { names.append("end of memory") }
      let note = names.isEmpty ? "" : " <- \(names.joined(separator: ", "))"
      return "\(text(of: address).padded(onTheLeftTo: addressWidth)) \(rule)\(note)"
    }
    var lines: [String] = []
    for (index, slice) in slices.enumerated() {
      // Where there is no memory, there is no box.
      guard !slice.areas.isEmpty || slice.isMemory else {
        lines.append(edge(slice.range.lowerBound, isEnd: true))
        continue
      }
      lines.append(edge(slice.range.lowerBound, isEnd: index > 0))
      let inside = marks.filter { $0.address > slice.range.lowerBound && $0.address < slice.range.upperBound }
      var notes = inside.map { "<- \($0.name) at \(text(of: $0.address))" }
      if let fault = slice.fault { notes.insert("<- \(fault)", at: 0) }
      if slice.areas.isEmpty, !memory.isEmpty {
        notes.insert("\(MapPicture.size(slice.range.size)) free", at: 0)
      }
      let note = notes.isEmpty ? "" : " \(notes.joined(separator: ", "))"
      lines.append(
        "".padded(to: addressWidth &+ 1) + "| \(labels[index].padded(to: width)) |\(note)")
    }
    return lines + [slices.last.map { edge($0.range.upperBound, isEnd: true) }].compactMap(\.self)
  }

  private var table: [String] {
    let names = areas.map(\.name)
    let nameWidth = max(10, (names.map(\.count).max() ?? 0) &+ 1)
    let places = areas.map { "\(text(of: $0.range.lowerBound))-\(text(of: $0.range.upperBound))" }
    let width = max(24, (places.map(\.count).max() ?? 0) &+ 3)
    return zip(areas, places).map { area, place in
      let line = "  " + area.name.padded(to: nameWidth) + place.padded(to: width)
      let size = "\(area.range.size.grouped) bytes"
      return area.file.isEmpty ? line + size : line + size.padded(to: 20) + area.file
    }
  }
}

extension String {
  /// With spaces on the right up to `width`.
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(width &- count, 0))
  }

  fileprivate func padded(onTheLeftTo width: Int) -> String {
    String(repeating: " ", count: max(width &- count, 0)) + self
  }
}

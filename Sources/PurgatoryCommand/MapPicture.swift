// MapPicture.swift — a memory map as a picture to scale, in SVG
// SPDX-License-Identifier: MIT

import CheckedArithmetic
import PurgatoryKit

/// One column of memory, the lowest address at its top; on its left who goes where, on its right what each part is. Long
/// stretches without anything are cut short, and show it.
struct MapPicture {
  private let diagram: MemoryDiagram
  private let parts: [Part]
  private let bytesPerPixel: Double

  /// A slice as it is drawn.
  private struct Part {
    let slice: MemoryDiagram.Slice
    let y: Double
    let height: Double
    /// Not to scale.
    let isCut: Bool
    var middle: Double { y + height / 2 }
  }

  private enum Size {
    /// What is used, and what is free between it, together; a slice at least; a stretch that is cut.
    static let scale = 480.0, least = 4.0, cut = 34.0
    static let top = 72.0, left = 260.0, column = 150.0, width = 900.0, line = 17.0
  }

  /// - Throws: `Rejection` if nothing is known of memory.
  init(_ diagram: MemoryDiagram) throws(Rejection) {
    guard !diagram.areas.isEmpty else {
      throw Rejection(
        Problem(
          "--svg", found: "a purgatory that nothing is filled in to", expected: "something to draw",
          help: "fill it in: purgatory patch --kernel FILE@ADDR FILE"))
    }
    self.diagram = diagram
    let slices = diagram.slices
    let used = slices.filter { !$0.areas.isEmpty }.reduce(0.0) { $0 + Double($1.range.size) }
    func isCut(_ slice: MemoryDiagram.Slice) -> Bool {
      slice.areas.isEmpty && (!slice.isMemory || Double(slice.range.size) > used / 2)
    }
    let drawn = slices.filter { !isCut($0) }.reduce(0.0) { $0 + Double($1.range.size) }
    bytesPerPixel = drawn / Size.scale
    var parts: [Part] = []
    var y = Size.top
    for slice in slices {
      let height =
        isCut(slice) ? Size.cut : max(Size.least, Double(slice.range.size) / (drawn / Size.scale))
      parts.append(Part(slice: slice, y: y, height: height, isCut: isCut(slice)))
      y += height
    }
    self.parts = parts
  }

  var text: String {
    let labels = spread(parts.filter { !$0.slice.areas.isEmpty }.map { ($0.middle, label(of: $0)) }, 2)
    let free = parts.filter { $0.slice.areas.isEmpty && $0.height >= Size.line }
    let notes = spread(addresses, 1)
    let bottom = max(
      parts.last.map { $0.y + $0.height } ?? 0, labels.last.map { $0.y + Size.line * 2 } ?? 0,
      notes.last.map { $0.y + Size.line } ?? 0)
    var lines = header(height: bottom + 40)
    for part in parts { lines += box(part) }
    for part in free {
      let size = "\(Self.size(part.slice.range.size)) \(part.slice.isMemory ? freeWord : "no memory")"
      lines.append(
        element("text", part.middle + 4, Size.left + Size.column / 2, "free", size, anchor: "middle"))
    }
    let right = Size.left + Size.column
    for label in labels {
      lines.append(leader(from: right, label.wanted, to: right + 40, label.y + 4))
      for (index, text) in label.content.texts.enumerated() {
        lines.append(
          element(
            "text", label.y + 8 + Double(index) * Size.line, right + 46, index == 0 ? "name" : "detail", text)
        )
      }
    }
    for note in notes {
      lines.append(leader(from: Size.left, note.wanted, to: Size.left - 24, note.y + 4))
      lines.append(
        element("text", note.y + 8, Size.left - 30, note.content.style, note.content.texts[0], anchor: "end"))
    }
    return (lines + ["</svg>", ""]).joined(separator: "\n")
  }

  private struct Label {
    let texts: [String]
    var style = "name"
  }

  private static func list(_ names: [String]) -> String {
    names.count > 2 ? "\(names[0]) and \(names.count &- 1) others" : names.joined(separator: " and ")
  }

  private var freeWord: String { diagram.memory.isEmpty ? "gap" : "free" }

  private func label(of part: Part) -> Label {
    let slice = part.slice
    let names = slice.visible.map { area in
      let file = area.file.split(separator: "/").last.map { String($0).shortened(to: 40) } ?? ""
      return file.isEmpty || file == area.name ? area.name : "\(area.name): \(file)"
    }
    let fault = slice.fault.map { " (\($0))" } ?? ""
    let range = "\(diagram.text(of: slice.range.lowerBound)), \(Self.size(slice.range.size))"
    let verified = slice.visible.contains(where: \.isVerified) ? ", verified" : ""
    return Label(texts: [Self.list(names) + fault, range + verified])
  }

  /// The marks, and where memory ends, from the top to the bottom.
  private var addresses: [(wanted: Double, content: Label)] {
    var rows: [(Double, Label)] = diagram.marks.map { mark in
      (y(of: mark.address), Label(texts: ["\(mark.name) \u{2192}"], style: "mark"))
    }
    // Of memory in many pieces, the first and the last.
    let memory = diagram.memory
    for range in memory.count > 4 ? [memory[0], memory[memory.count &- 1]] : memory {
      rows.append(
        (
          y(of: range.lowerBound),
          Label(texts: ["RAM from \(diagram.text(of: range.lowerBound))"], style: "detail")
        ))
      rows.append(
        (y(of: range.upperBound), Label(texts: ["to \(diagram.text(of: range.upperBound))"], style: "detail"))
      )
    }
    return rows.sorted { $0.0 < $1.0 }
  }

  private func y(of address: UInt64) -> Double {
    // The last part that begins there or before.
    var (low, high) = (0, parts.count)
    while low < high {
      let middle = low &+ (high &- low) >> 1
      if parts[middle].slice.range.lowerBound <= address { low = middle &+ 1 } else { high = middle }
    }
    guard low > 0 else { return Size.top }
    let part = parts[low &- 1]
    let offset = Double(min(address, part.slice.range.upperBound) &- part.slice.range.lowerBound)
    return part.y + part.height * (offset / Double(part.slice.range.size))
  }

  /// Moves texts down until none covers another.
  private func spread(_ rows: [(wanted: Double, content: Label)], _ lineCount: Double) -> [(
    wanted: Double, y: Double, content: Label
  )] {
    var next = Size.top - 8
    return rows.map { row in
      let y = max(next, row.wanted - Size.line / 2 * (lineCount - 1) - 4)
      next = y + Size.line * lineCount + 4
      return (row.wanted, y, row.content)
    }
  }

  private func header(height: Double) -> [String] {
    let scale = "100 pixels are \(Self.size(UInt64(bytesPerPixel * 100)))."
    return [
      #"<svg xmlns="http://www.w3.org/2000/svg" width="\#(Self.number(Size.width))" height="\#(Self.number(height))" "#
        + #"viewBox="0 0 \#(Self.number(Size.width)) \#(Self.number(height))" role="img">"#,
      "<title>What is where in memory</title>",
      """
      <style>
        svg { background: #fff; font: 13px system-ui, sans-serif; }
        text { fill: #1f2328; } .detail, .free { fill: #59636e; font-size: 12px; }
        .name, .mark { font-weight: 600; } .title { font-size: 17px; font-weight: 600; }
        rect { stroke: #1f2328; stroke-width: 1; } .leader { stroke: #8c959f; fill: none; }
        .purgatory { fill: #d1242f; } .scratch { fill: #ffa198; } .kernel { fill: #0969da; } .bss { fill: #80ccff; }
        .dtb { fill: #8250df; } .initrd { fill: #1a7f37; } .segment, .region { fill: #bf8700; }
        .reserved { fill: #8c959f; } .room { fill: #f6f8fa; } .nothing { fill: none; stroke-dasharray: 3 3; }
        .fault { fill: #ffd33d; stroke: #d1242f; stroke-width: 3; } .cut { stroke: #8c959f; fill: none; }
      </style>
      """,
      element(
        "text", 30, 24, "title", diagram.isRelative ? "Memory, from the purgatory's base on" : "Memory"),
      element(
        "text", 50, 24, "detail",
        "\(scale) What is cut by // is longer; the thinnest bars are thinner."),
    ]
  }

  private func box(_ part: Part) -> [String] {
    let slice = part.slice
    let style =
      slice.fault != nil
      ? "fault" : slice.visible.first?.kind.rawValue ?? (slice.isMemory ? "room" : "nothing")
    var lines = [
      #"<rect class="\#(style)" x="\#(Self.number(Size.left))" y="\#(Self.number(part.y))" "#
        + #"width="\#(Self.number(Size.column))" height="\#(Self.number(part.height))"/>"#
    ]
    if part.isCut {
      for x in [Size.left, Size.left + Size.column] {
        let (left, right) = (Self.number(x - 6), Self.number(x + 6))
        lines.append(
          #"<path class="cut" d="M\#(left) \#(Self.number(part.middle + 1)) L\#(right) \#(Self.number(part.middle - 5)) "#
            + #"M\#(left) \#(Self.number(part.middle + 5)) L\#(right) \#(Self.number(part.middle - 1))"/>"#)
      }
    }
    return lines
  }

  private func leader(from x: Double, _ y: Double, to endX: Double, _ endY: Double) -> String {
    #"<path class="leader" d="M\#(Self.number(x)) \#(Self.number(y)) L\#(Self.number(endX)) \#(Self.number(endY))"/>"#
  }

  private func element(
    _ name: String, _ y: Double, _ x: Double, _ style: String, _ text: String, anchor: String = "start"
  ) -> String {
    #"<\#(name) class="\#(style)" x="\#(Self.number(x))" y="\#(Self.number(y))" text-anchor="\#(anchor)">"#
      + "\(text.printable.escapedForXML)</\(name)>"
  }

  /// At most one digit behind the point: every machine writes the same.
  private static func number(_ value: Double) -> String {
    let (whole, tenth) = Int64(value * 10).quotientAndRemainder(dividingBy: 10)
    return tenth == 0 ? "\(whole)" : "\(whole).\(tenth)"
  }

  /// In the unit in which it has few digits.
  static func size(_ bytes: UInt64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] where bytes >> UInt64(shift) > 0
    {
      let tenths = (Double(bytes) / Double(UInt64(1) << UInt64(shift)) * 10).rounded()
      return tenths.truncatingRemainder(dividingBy: 10) == 0
        ? "\(UInt64(tenths / 10)) \(unit)" : "\(tenths / 10) \(unit)"
    }
    return "\(bytes) bytes"
  }
}

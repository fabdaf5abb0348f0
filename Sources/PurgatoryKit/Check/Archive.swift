// Archive.swift — the members of an ar archive of objects
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

/// An archive in the format of System V and GNU `ar`, or with BSD's long names.
struct Archive {
  struct Member {
    let name: String
    /// Its bytes, within the archive.
    let range: Range<Int>
  }

  /// In file order, without symbol and name tables.
  let members: [Member]

  private static let magic = Array("!<arch>\n".utf8)
  private static let headerSize = 60

  static func looksLikeArchive(_ bytes: [UInt8]) -> Bool { bytes.starts(with: magic) }

  /// Reads the member headers; every member lies wholly in `bytes`.
  init(_ bytes: [UInt8]) throws(ELFError) {
    var members: [Member] = []
    var longNames: ArraySlice<UInt8> = []
    var offset = Self.magic.count
    while offset < bytes.count {
      let place = "archive member at \(String(hex: UInt64(offset)))"
      guard bytes.count - offset >= Self.headerSize else {
        throw ELFError(
          place: place, found: "\(bytes.count - offset) bytes", expected: "a header of \(Self.headerSize)")
      }
      let field = { (range: Range<Int>) in
        let text = bytes[offset + range.lowerBound..<offset + range.upperBound]
        let last = text.lastIndex { $0 != UInt8(ascii: " ") } ?? text.startIndex - 1
        return String(decoding: text[...last], as: UTF8.self)
      }
      guard let size = Int(field(48..<58)), size >= 0, bytes[offset + 58..<offset + 60] == [0x60, 0x0a] else {
        throw ELFError(place: place, found: "no member header", expected: "a size, and \"`\\n\" at its end")
      }
      var start = offset + Self.headerSize
      guard size <= bytes.count - start else {
        throw ELFError(place: place, found: "\(bytes.count - start) bytes", expected: "its size, \(size)")
      }
      let end = start + size
      var name = field(0..<16)
      if name.hasPrefix("#1/"), let length = Int(name.dropFirst(3)), length >= 0, length <= size {
        name = String(decoding: bytes[start..<start + length].prefix { $0 != 0 }, as: UTF8.self)
        start += length
      } else if name.count > 1, name.hasPrefix("/"), let index = Int(name.dropFirst()), index >= 0,
        index < longNames.count
      {
        // Many members may share one long name: no longer than a path.
        let text = longNames.dropFirst(index).prefix(1 << 12).prefix { $0 != UInt8(ascii: "\n") }
        name = String(decoding: text.last == UInt8(ascii: "/") ? text.dropLast() : text, as: UTF8.self)
      } else if name.hasSuffix("/"), name != "/", name != "//" {
        name.removeLast()
      }
      switch name {
      case "//": longNames = bytes[start..<end]
      case "/", "/SYM64", "__.SYMDEF", "__.SYMDEF SORTED", "__.SYMDEF_64", "__.SYMDEF_64 SORTED": break
      default: members.append(Member(name: name, range: start..<end))
      }
      offset = end + end % 2
    }
    self.members = members
  }
}

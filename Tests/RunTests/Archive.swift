// Archive.swift — files for an initramfs, as cpio's "newc" (Linux Documentation/driver-api/early-userspace/buffer-format.rst)
// SPDX-License-Identifier: MIT

/// An archive that can follow another one: Linux unpacks both.
struct Archive {
  private(set) var bytes: [UInt8] = []
  private var count = 0

  /// Behind `archive`, with the zeros that a header's alignment needs.
  init(following archive: [UInt8]) {
    bytes = archive
    pad()
  }

  mutating func add(folder name: String) { add(name, mode: 0o040755, []) }
  mutating func add(program name: String, _ contents: [UInt8]) { add(name, mode: 0o100755, contents) }
  mutating func add(file name: String, _ contents: [UInt8]) { add(name, mode: 0o100644, contents) }

  /// The whole, with its trailer.
  func finished() -> [UInt8] {
    var archive = self
    archive.add("TRAILER!!!", mode: 0, [])
    return archive.bytes
  }

  private mutating func add(_ name: String, mode: Int, _ contents: [UInt8]) {
    count += 1
    // inode, mode, user, group, links, time, size, device twice two, length of the name, checksum
    let fields = [count, mode, 0, 0, 1, 0, contents.count, 0, 0, 0, 0, name.utf8.count + 1, 0]
    let digits = fields.map { field in
      let text = String(field, radix: 16)
      return String(repeating: "0", count: 8 - text.count) + text
    }
    bytes += Array("070701\(digits.joined())\(name)\0".utf8)
    pad()
    bytes += contents
    pad()
  }

  private mutating func pad() {
    bytes += [UInt8](repeating: 0, count: -bytes.count & 3)
  }
}

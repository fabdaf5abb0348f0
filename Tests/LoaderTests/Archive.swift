// Archive.swift — an initramfs in bytes
// SPDX-License-Identifier: MIT

/// A cpio archive of the "newc" form (Linux Documentation/driver-api/early-userspace/buffer-format.rst).
struct Archive {
  private(set) var bytes: [UInt8] = []
  private var inode = 0

  mutating func addFolder(_ name: String) { add(name, mode: 0o040755, []) }

  mutating func addProgram(_ name: String, _ contents: [UInt8]) { add(name, mode: 0o100755, contents) }

  mutating func end() { add("TRAILER!!!", mode: 0, []) }

  private mutating func add(_ name: String, mode: Int, _ contents: [UInt8]) {
    inode += 1
    let path = Array(name.utf8) + [0]
    // inode, mode, owner, group, links, time, size, device and special device (two each), name's size, no checksum
    let fields = [inode, mode, 0, 0, 1, 0, contents.count, 0, 0, 0, 0, path.count, 0]
    bytes += "070701".utf8
    for field in fields {
      let digits = String(field, radix: 16)
      bytes += (String(repeating: "0", count: 8 - digits.count) + digits).utf8
    }
    bytes += path
    pad()
    bytes += contents
    pad()
  }

  private mutating func pad() {
    bytes += [UInt8](repeating: 0, count: -bytes.count & 3)
  }
}

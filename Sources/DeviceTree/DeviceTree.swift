// DeviceTree.swift — safe Swift over libfdt, the only importer of CLibFDT
// SPDX-License-Identifier: MIT

import CLibFDT

/// What is wrong with a flattened device tree.
public struct DeviceTreeError: Error, Equatable, Sendable {
  public let place: String
  public let found: String
  public let expected: String
}

/// Flattened device trees (Devicetree Specification, chapter 5).
public enum DeviceTree {
  /// Bytes: arm64 Linux maps no more (booting.rst, "Setup the device tree").
  public static let maximumSize = 2 << 20

  /// Checks header, structure block and strings of a whole DTB.
  public static func validate(_ bytes: [UInt8]) throws(DeviceTreeError) {
    let headerSize = 40  // version 17
    guard bytes.count >= headerSize else {
      throw DeviceTreeError(
        place: "header", found: "\(bytes.count) bytes", expected: "at least \(headerSize)")
    }
    let magic = bytes[..<4].reduce(0 as UInt32) { $0 << 8 | UInt32($1) }
    guard magic == 0xd00d_feed else {
      throw DeviceTreeError(
        place: "header", found: "magic 0x\(String(magic, radix: 16))",
        expected: "0xd00dfeed of a flattened device tree")
    }
    guard bytes.count <= maximumSize else {
      throw DeviceTreeError(place: "size", found: "\(bytes.count) bytes", expected: "at most 2 MiB")
    }
    let result = bytes.withUnsafeBytes { fdt_check_full($0.baseAddress, $0.count) }
    guard result == 0 else {
      throw DeviceTreeError(
        place: "contents", found: String(cString: fdt_strerror(result)),
        expected: "a whole, well-formed device tree")
    }
  }
}

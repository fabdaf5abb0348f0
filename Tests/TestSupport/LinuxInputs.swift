// LinuxInputs.swift — what scripts/fetch-debian and scripts/initramfs left to boot, and the machine's device tree
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit

public enum LinuxInputs {
  private static let cache = "\(packageFolder)/.cache"
  public static let kernelPath = "\(cache)/debian/linux/Image"
  public static let initrdPath = "\(cache)/initramfs.cpio.gz"
  public static let commandLine = "earlycon console=ttyAMA0"

  static let areThere = [kernelPath, initrdPath].allSatisfy { FileManager.default.fileExists(atPath: $0) }

  /// What `uname -r` says.
  public static var release: String {
    get throws {
      try String(contentsOfFile: "\(cache)/debian/linux/release", encoding: .utf8)
        .trimmingCharacters(in: .whitespacesAndNewlines)
    }
  }

  public static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: path)))
  }

  /// The device tree of a QEMU machine, which says where the initrd is.
  public static func deviceTree(initrdAt address: UInt64, machine options: [String]) throws -> [UInt8] {
    let board = try Board(QEMU.deviceTree(of: options), file: "virt.dtb")
    let size = try UInt64(bytes(initrdPath).count)
    var changes = BoardChanges()
    changes.initrd = .at(address..<address + size)
    changes.commandLine = commandLine
    return try board.bytes(changes)
  }
}

extension QEMU {
  /// The device tree that QEMU makes for a machine.
  public static func deviceTree(of options: [String]) throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appending(path: "virt-\(UUID().uuidString).dtb")
    defer { try? FileManager.default.removeItem(at: file) }
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments =
      [command] + options + ["-nic", "none", "-display", "none", "-machine", "dumpdtb=\(file.path)"]
    let messages = Pipe()
    process.standardError = messages
    try process.run()
    let text = String(decoding: messages.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw ToolFailure(description: "\(command): \(text)") }
    return try LinuxInputs.bytes(file.path)
  }
}

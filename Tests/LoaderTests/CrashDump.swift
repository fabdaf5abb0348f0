// CrashDump.swift — the dump of a crashed system, as the crash kernel's system has it: its notes, and a marker in its memory
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport
import Testing

enum CrashDump {
  /// What the crash kernel's system does: the core's headers and notes to the console,
  static let saveNotes = """
    busybox mount -t proc proc /proc
    busybox dmesg -n 1
    echo "core: begin"
    busybox head -c 16384 /proc/vmcore | busybox base64
    echo "core: end"
    """

  /// ... and the rest, which takes a while, to a reader.
  static let save = "\(saveNotes)\necho \"core: $(vmcore /proc/vmcore)\""

  /// How often the reader found the marker in the crashed system's memory, which has to be about all of it.
  ///
  /// - Parameter memory: bytes that the crashed system had, but for what it set aside for the crash kernel, or a bit less.
  static func markers(_ console: String, of memory: Int = 700 << 20) throws -> Int {
    let said = try #require(
      console.firstMatch(of: /core: (\d+) segments, (\d+) bytes, (\d+) markers/), "\(console.suffix(4000))")
    #expect(try #require(Int(said.1)) >= 2)
    #expect(try #require(Int(said.2)) >= memory)
    return try #require(Int(said.3))
  }

  /// What `readelf` says of the core's first pages.
  static func expectNotes(_ console: String, in folder: Folder) async throws {
    let text = try #require(
      console.firstMatch(of: /core: begin\n([^:]*)\ncore: end/), "\(console.suffix(4000))")
    let core = try #require(Data(base64Encoded: String(text.1), options: .ignoreUnknownCharacters))
    try folder.write([UInt8](core), to: "vmcore")
    let said = try await Command.tool(
      "aarch64-linux-gnu-readelf", ["-h", "-l", "-n", "vmcore"], in: folder.path)
    for pattern in [
      #"Type: +CORE \(Core file\)"#, "Machine: +AArch64", #"\n +NOTE +0x"#, #"\n +LOAD +0x"#,
      #"\n +CORE +0x[0-9a-f]+\s+NT_PRSTATUS"#, #"\n +VMCOREINFO +0x"#,
    ] { #expect(said.contains(try Regex(pattern)), "\(pattern): \(said)") }
    let release = try #require(console.firstMatch(of: /userspace: reached on Linux (\S+)/))
    #expect(core.range(of: Data("OSRELEASE=\(release.1)\n".utf8)) != nil)
  }
}

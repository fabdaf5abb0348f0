// Guest.swift — Debian's kernel in QEMU, with kexec, what it loads, and a script that calls it
// SPDX-License-Identifier: MIT

import Foundation
import TestSupport

/// A running Linux that goes on to another with kexec.
struct Guest {
  enum Level: CaseIterable {
    case el1, el2
    /// QEMU's `-machine`. Some kernels oops in kexec_load if they use 52-bit virtual addresses, hence `cpu`.
    var machine: String { self == .el1 ? "virt" : "virt,virtualization=on" }
    /// What the purgatory says of it.
    var name: String { self == .el1 ? "EL1" : "EL2" }
  }

  static let cpu = "max,pauth-impdef=on,lpa2=off"
  static let commandLine = "console=ttyAMA0 earlycon"

  var kernel = LoaderInput.kernel
  /// Another file than `kernel`.
  var kernelPath: String?
  /// More of the kernel's command line.
  var arguments = ""
  var cpu = Self.cpu
  var memory = "1G"
  /// More of QEMU's arguments.
  var machineArguments: [String] = []
  /// What is done as the console goes on; with an action, the guest's memory is shared.
  var replies: [Machine.Reply] = []

  /// More files at the root, which is the script's folder.
  var files: [String: [UInt8]] = [:]

  /// What ends a run that does not power off.
  var stop: Machine.Stop?

  /// Runs `script` after boot; its end powers the machine off.
  func run(_ script: String, at level: Level = .el1, in folder: Folder) async throws -> String {
    try await pack(script, in: folder)
    var machine = Machine(booting: [
      "-kernel", kernelPath ?? kernel.path, "-initrd", "\(folder.path)/first.img", "-append",
      "\(Self.commandLine) \(arguments)",
    ])
    machine.arguments += machineArguments
    machine.type = level.machine
    machine.cpu = cpu
    machine.memory = memory
    machine.stop = stop
    machine.replies = replies
    machine.sharesMemory = replies.contains { $0.action != nil }
    return try await machine.run().console.replacingOccurrences(of: "\r", with: "")
  }

  /// Makes `first.img`, the initramfs that runs `script`.
  func pack(_ script: String, in folder: Folder) async throws {
    try folder.write(try await archive(script, in: folder), to: "first.img")
  }

  func archive(_ script: String, in folder: Folder) async throws -> [UInt8] {
    try await Self.build("ticks", ["-static"], in: folder)
    var archive = Archive()
    for name in ["bin", "lib", "proc", "sys", "dev"] { archive.addFolder(name) }
    archive.addProgram("bin/busybox", try LoaderInput.busybox.bytes)
    archive.addProgram("bin/ticks", try folder.read("ticks"))
    let libraries = LoaderInput.kexecLibraries.path
    for name in try FileManager.default.contentsOfDirectory(atPath: libraries).sorted() {
      archive.addProgram("lib/\(name)", try TestSupport.read("\(libraries)/\(name)"))
    }
    archive.addProgram("init", Array(Self.prologue.utf8) + Array("\(script)\npoweroff -f\n".utf8))
    for (name, contents) in files.sorted(by: { $0.key < $1.key }) { archive.addProgram(name, contents) }
    archive.end()
    return archive.bytes
  }

  private static let prologue = """
    #!/bin/busybox sh
    /bin/busybox --install -s /bin
    PATH=/bin:/
    mount -t proc proc /proc
    mount -t sysfs sys /sys
    mount -t devtmpfs dev /dev

    """

  /// The second system: it says that it was reached, and the counter; in between it runs `script`.
  static func secondInitrd(
    _ script: String = "", files: [String: [UInt8]] = [:], in folder: Folder
  ) async throws -> [UInt8] {
    try await build("ticks", ["-static"], in: folder)
    var archive = Archive()
    for name in ["bin", "proc"] { archive.addFolder(name) }
    archive.addProgram("bin/busybox", try LoaderInput.busybox.bytes)
    archive.addProgram("bin/ticks", try folder.read("ticks"))
    archive.addProgram(
      "init",
      Array(
        """
        #!/bin/busybox sh
        echo "second: $(ticks)"
        \(script)
        echo "userspace: reached on Linux $(busybox uname -r)"
        busybox poweroff -f

        """.utf8))
    for (name, contents) in files.sorted(by: { $0.key < $1.key }) { archive.addProgram(name, contents) }
    archive.end()
    return archive.bytes
  }

  /// Builds a program of Guest/.
  static func build(_ name: String, _ options: [String], in folder: Folder) async throws {
    let source = "\(packageFolder)/Tests/LoaderTests/Guest/\(name).c"
    try await Command.tool(
      "clang",
      ["--target=aarch64-linux-gnu", "-O2", "-ffreestanding", "-nostdlib", "-fuse-ld=lld"] + options
        + [source, "-o", name], in: folder.path)
  }

}

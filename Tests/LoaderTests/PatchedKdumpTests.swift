// PatchedKdumpTests.swift — kdump through kexec_file_load with integrations/linux: a dump, or a refusal that names the segment
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite(
  "kdump with integrations/linux", .requiresQEMU,
  .requires(.plainKernel, .flatKernel, .objectKernel, .busybox, .kexec, .kexecLibraries))
struct PatchedKdumpTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private func kernel(
    _ design: LoaderInput, _ regime: Regime = .el1, saving save: String = CrashDump.saveNotes
  ) async throws -> PatchedKernel {
    try await Guest.build("vmcore", ["-static"], in: folder)
    let reader = ["bin/vmcore": try folder.read("vmcore")]
    var kernel = try PatchedKernel(design, then: save, with: reader, in: folder)
    kernel.guest.files.merge(reader) { $1 }
    kernel.guest.memory = "512M"
    kernel.guest.arguments = "crashkernel=128M \(regime.arguments)"
    return kernel
  }

  /// Loads, holds a marker in memory, and crashes.
  private static func script(before: String = "true") -> String {
    """
    \(PatchedKernel.load("-p"))
    \(before)
    vmcore hold | { read line; echo "first: $line"; echo c > /proc/sysrq-trigger; }
    """
  }

  @Test(arguments: Regime.allCases.map { (LoaderInput.flatKernel, $0) } + [(.objectKernel, .el1)])
  fileprivate func theDumpIsWhole(_ design: LoaderInput, _ regime: Regime) async throws {
    let console = try await kernel(design, regime, saving: CrashDump.save).guest.run(
      Self.script(), at: regime.level, in: folder)
    #expect(console.contains("Kernel panic - not syncing: sysrq triggered crash"))
    let lines = PatchedKernel.purgatoryLines(console)
    #expect(lines.count == 2, "\(console.suffix(4000))")
    // The crash headers are one of them.
    #expect(lines.first?.contains(", \(regime.level.name), 4 regions, ") == true, "\(lines)")
    #expect(lines.last?.hasPrefix("purgatory: verified ") == true)
    let cells = try #require(PatchedKernel.result(console))
    #expect(cells[0] == 2)
    #expect(try CrashDump.markers(console, of: 350 << 20) > 0)
    try await CrashDump.expectNotes(console, in: folder)
  }

  /// The regions of a crash kernel: the crash headers come before the initrd.
  private static let regions: [(PatchedKernel.Part, Int)] = [(.kernel, 0), (.initrd, 2), (.deviceTree, 3)]

  @Test(arguments: regions)
  fileprivate func aCrashKernelThatWasWrittenToIsRefused(_ part: PatchedKernel.Part, _ region: Int)
    async throws
  {
    var kernel = try await kernel(.flatKernel)
    kernel.flip(part)
    kernel.guest.stop = .init(after: "purgatory: halted")
    let console = try await kernel.guest.run(Self.script(before: PatchedKernel.pause), in: folder)
    #expect(console.contains("purgatory: region \(region) at 0x"), "\(console.suffix(4000))")
    #expect(!console.contains("second: "))
  }

  @Test func theCrashHeadersAreVerifiedToo() async throws {
    var kernel = try await kernel(.flatKernel)
    kernel.guest.kernelPath = try kernel.repoked(.flatKernel) { $0.onFailure = .boot }
    let reserved: UInt64 = 0x5000_0000
    kernel.guest.arguments = "crashkernel=128M@\(String(reserved, radix: 10))"
    kernel.guest.replies = [
      .init(to: "first: ready", keys: "\n") { memory in
        // An ELF header of a core file at a multiple of 64 KiB, as the kernel has it there.
        let core: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]
        let places = stride(from: reserved, to: reserved + 128 << 20, by: 64 << 10)
        let found = try places.filter {
          try memory.read(at: $0, count: 18) == core + [UInt8](repeating: 0, count: 9) + [4, 0]
        }
        #expect(found.count == 1)
        try memory.flip(at: try #require(found.first) + 0x20)
      }
    ]
    let console = try await kernel.guest.run(Self.script(before: PatchedKernel.pause), in: folder)
    #expect(console.contains("purgatory: region 1 at 0x"), "\(console.suffix(4000))")
    let cells = try #require(PatchedKernel.result(console))
    #expect(cells[0] == 4 && cells[1] == 1)
  }

  @Test func withoutThePurgatoryItIsEnteredAllTheSame() async throws {
    var kernel = try await kernel(.plainKernel)
    kernel.flip(.initrd)
    let console = try await kernel.guest.run(Self.script(before: PatchedKernel.pause), in: folder)
    #expect(PatchedKernel.purgatoryLines(console).isEmpty)
    #expect(console.contains("second: initrd hnitrd.mark"), "\(console.suffix(4000))")
  }
}

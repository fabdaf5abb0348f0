// PatchedKernelTests.swift — kexec_file_load on arm64 with a purgatory: verified, or refused with the segment's name
// SPDX-License-Identifier: MIT

import Foundation
import PurgatoryKit
import TestSupport
import Testing

@Suite(
  "kexec_file_load with integrations/linux", .requiresQEMU,
  .requires(.plainKernel, .flatKernel, .objectKernel, .busybox, .kexec, .kexecLibraries))
struct PatchedKernelTests {
  let folder: Folder

  init() throws { folder = try Folder() }

  private static let designs = [LoaderInput.flatKernel, .objectKernel]

  @Test(arguments: designs, Regime.allCases)
  fileprivate func theSecondKernelIsVerifiedAndReached(_ design: LoaderInput, _ regime: Regime)
    async throws
  {
    var kernel = try PatchedKernel(design, in: folder)
    kernel.guest.arguments = regime.arguments
    let console = try await kernel.guest.run(
      "\(PatchedKernel.load) && kexec -e", at: regime.level, in: folder)
    let lines = PatchedKernel.purgatoryLines(console)
    #expect(lines.count == 2, "\(console.suffix(4000))")
    #expect(lines.first?.contains(", \(regime.level.name), 3 regions, ") == true)
    #expect(lines.last?.hasPrefix("purgatory: verified ") == true && lines.last?.hasSuffix("+cache)") == true)
    #expect(console.contains("\nuserspace: reached on Linux 6.12"))
    #expect(console.contains("second: command line \(Guest.commandLine) deviceTree.mark."))
    let cells = try #require(PatchedKernel.result(console), "\(console.suffix(2000))")
    #expect(cells[0] == 2 && cells[1] == 0 && cells[3] == 3)
    #expect(lines.last?.contains(" in \(cells[2]) us ") == true)
  }

  @Test(arguments: PatchedKernel.Part.allCases, Regime.allCases)
  fileprivate func aByteThatChangedAfterItWasLoadedIsRefused(
    _ part: PatchedKernel.Part, _ regime: Regime
  ) async throws {
    var kernel = try PatchedKernel(.flatKernel, in: folder)
    kernel.flip(part)
    kernel.guest.stop = .init(after: "purgatory: halted")
    let console = try await kernel.guest.run(
      "\(PatchedKernel.load)\n\(PatchedKernel.pause)\nkexec -e", at: regime.level, in: folder)
    let lines = PatchedKernel.purgatoryLines(console)
    #expect(lines.contains("purgatory: digest mismatch"), "\(console.suffix(4000))")
    #expect(lines.contains { $0.hasPrefix("purgatory: region \(part.rawValue) at 0x") })
    #expect(!console.contains("second: "))
  }

  @Test(arguments: PatchedKernel.Part.allCases)
  fileprivate func theGenericLoadersDigestIsOneForAll(_ part: PatchedKernel.Part) async throws {
    var kernel = try PatchedKernel(.objectKernel, in: folder)
    kernel.flip(part)
    kernel.guest.stop = .init(after: "purgatory: halted")
    let console = try await kernel.guest.run(
      "\(PatchedKernel.load)\n\(PatchedKernel.pause)\nkexec -e", in: folder)
    #expect(console.contains("purgatory: digest mismatch\npurgatory: expected "), "\(console.suffix(4000))")
    #expect(!console.contains("second: "))
  }

  @Test(arguments: PatchedKernel.Part.allCases)
  fileprivate func withoutThePurgatoryNobodyNotices(_ part: PatchedKernel.Part) async throws {
    var kernel = try PatchedKernel(.plainKernel, in: folder)
    kernel.flip(part)
    let console = try await kernel.guest.run(
      "\(PatchedKernel.load)\n\(PatchedKernel.pause)\nkexec -e", in: folder)
    #expect(PatchedKernel.purgatoryLines(console).isEmpty)
    #expect(console.contains("\nuserspace: reached on Linux 6.12"), "\(console.suffix(4000))")
    // The bit that was flipped is the first letter's.
    #expect(console.contains(part == .initrd ? "second: initrd hnitrd.mark" : "second: initrd initrd.mark"))
    #expect(console.contains(part == .deviceTree ? " eeviceTree.mark" : " deviceTree.mark"))
    #expect(PatchedKernel.result(console) == nil)
  }

  @Test func bootedAnywayTheNextSystemIsToldWhy() async throws {
    var kernel = try PatchedKernel(.flatKernel, in: folder)
    kernel.guest.kernelPath = try kernel.repoked(.flatKernel) { $0.onFailure = .boot }
    kernel.flip(.initrd)
    let console = try await kernel.guest.run(
      "\(PatchedKernel.load)\n\(PatchedKernel.pause)\nkexec -e", in: folder)
    #expect(console.contains("purgatory: booting anyway"), "\(console.suffix(4000))")
    let cells = try #require(PatchedKernel.result(console))
    #expect(cells[0] == 4 && cells[1] == 1)
  }

  @Test(arguments: [Regime.el1, .el2])
  fileprivate func thePSCIConduitIsTheDeviceTrees(_ regime: Regime) async throws {
    var kernel = try PatchedKernel(.flatKernel, in: folder)
    kernel.guest.arguments = regime.arguments
    // Built with the other one.
    kernel.guest.kernelPath = try kernel.repoked(.flatKernel) {
      $0.onFailure = .reset
      $0.psciConduit = regime == .el1 ? .smc : .hvc
    }
    kernel.flip(.kernel)
    let console = try await kernel.guest.run(
      "\(PatchedKernel.load)\n\(PatchedKernel.pause)\nkexec -e", at: regime.level, in: folder)
    #expect(console.hasSuffix("purgatory: resetting\n"), "\(console.suffix(4000))")
  }

  @Test func whatAnEarlierPurgatoryLeftIsNotHandedOn() async throws {
    // The second kernel has the integration, too, and loads a third.
    var kernel = try PatchedKernel(.flatKernel, in: folder)
    kernel.guest.files["Image"] = try LoaderInput.flatKernel.bytes
    kernel.guest.files["third"] = try LoaderInput.plainKernel.bytes
    kernel.guest.files["second.img"] = try await kernel.guest.archive(
      "\(PatchedKernel.load.replacing("-l Image", with: "-l third")) && kexec -e", in: folder)
    let console = try await kernel.guest.run(
      "\(PatchedKernel.load.replacing("initrd.img", with: "second.img")) && kexec -e", in: folder)
    #expect(PatchedKernel.purgatoryLines(console).count == 4, "\(console.suffix(4000))")
    let cells = try #require(PatchedKernel.result(console))
    let last = try #require(PatchedKernel.purgatoryLines(console).last)
    #expect(cells[0] == 2 && last.contains(" in \(cells[2]) us "))
  }

  @Test func howeverItWasBuiltItVerifies() async throws {
    var kernel = try PatchedKernel(.flatKernel, in: folder)
    kernel.guest.kernelPath = try kernel.repoked(.flatKernel) {
      $0.flags = [.relative, .verifyCombined]
      $0.skipChecks = true
      $0.regions[9] = .init(base: 0x4000_0000, size: 16)
    }
    let console = try await kernel.guest.run("\(PatchedKernel.load) && kexec -e", in: folder)
    #expect(
      console.contains(", 3 regions, ") && console.contains("purgatory: verified "), "\(console.suffix(4000))"
    )
    #expect(console.contains("\nuserspace: reached on Linux 6.12"))
  }

  @Test func withoutRoomForItNothingIsLoaded() async throws {
    var kernel = try PatchedKernel(.flatKernel, in: folder)
    kernel.guest.kernelPath = try kernel.repoked(.flatKernel) { $0.memorySize = 1 << 40 }
    let console = try await kernel.guest.run(
      "\(PatchedKernel.load) || echo \"first: refused\"\nkexec -e || echo 'first: nothing to enter'\ndmesg",
      in: folder)
    #expect(console.contains("first: refused\n"), "\(console.suffix(4000))")
    #expect(console.contains("purgatory: no room for its 1099511627776 bytes among 3 segments"))
    #expect(!console.contains("second: "))
  }

  @Test(arguments: Regime.allCases)
  fileprivate func aBundleBringsItsOwnToAnyKernel(_ regime: Regime) async throws {
    var kernel = try PatchedKernel(.plainKernel, in: folder)
    kernel.guest.arguments = regime.arguments
    for flipped in [false, true] {
      try folder.write(kernel.guest.files["Image"] ?? [], to: "Image")
      let outcome = try await Page.loaders.run("bundle", in: folder)
      try #require(outcome.status == .exited(0), "\(outcome.error)")
      kernel.guest.files["verified.img"] = try folder.read("verified.img")
      let commands = try Page.loaders.text("kexec-file").split(separator: "\n")
      try #require(commands.count == 2)
      if flipped {
        kernel.flip(.kernel)
        kernel.guest.stop = .init(after: "purgatory: halted")
      }
      let pause = flipped ? "\(PatchedKernel.pause)\n" : ""
      let console = try await kernel.guest.run(
        "\(commands[0])\n\(pause)\(commands[1])", at: regime.level, in: folder)
      #expect(console.contains(", \(regime.level.name), 1 regions, "), "\(console.suffix(4000))")
      #expect(console.contains("purgatory: verified ") == !flipped)
      #expect(console.contains("purgatory: region 0 at 0x") == flipped)
      #expect(console.contains("\nuserspace: reached on Linux 6.12") == !flipped)
    }
  }
}

// BundleCommand.swift — a kernel that verifies itself, in one arm64 Image
// SPDX-License-Identifier: MIT

import ArgumentParser
import PurgatoryKit
import SystemPackage

struct BundleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bundle",
    abstract: "Put a purgatory, a kernel and perhaps a device tree into one arm64 Image.",
    discussion: """
      Any loader of arm64 kernels takes it. The kernel, and the device tree if there is one, are verified before the \
      kernel is entered; without a device tree of its own, the kernel gets the loader's.
      """)

  @Option(help: .init("The kernel, an arm64 Image.", valueName: "file"))
  var kernel: String

  @Option(help: .init("The device tree to hand to the kernel. (default: the loader's)", valueName: "file"))
  var dtb: String?

  @Option(name: .shortAndLong, help: .init("Write here; - is standard output.", valueName: "file"))
  var output: String

  @OptionGroup var behaviour: BehaviourOptions
  @OptionGroup var sources: SourceOptions

  func run() async throws {
    try refuseReplacing([kernel, dtb].compactMap { $0 })
    let kernel = File(role: .kernel, name: kernel, bytes: try Files.read(kernel), address: nil)
    let dtb = try dtb.map { File(role: .dtb, name: $0, bytes: try Files.read($0), address: nil) }
    var changes = InfoChanges()
    let board = try dtb.map { try Board($0.bytes, file: $0.name) }
    try behaviour.apply(to: &changes, board: board, defaults: true)
    let bundle = try Bundle(try await sources.build(), kernel: kernel, dtb: dtb, changes: changes)
    // The proof: what is written is read back, digests and all.
    let result = try Blob(bundle.bytes, file: output)
    try Files.write(result.bytes, to: output)
    talk(result.summary(as: output))
  }

  /// The output must not replace what it is made of.
  private func refuseReplacing(_ inputs: [String]) throws(Rejection) {
    guard output != "-", inputs.contains(where: { FilePath(absolute: $0) == FilePath(absolute: output) })
    else { return }
    throw Rejection(
      Problem(output, found: "named twice", expected: "an output that is no other file of this bundle"))
  }
}

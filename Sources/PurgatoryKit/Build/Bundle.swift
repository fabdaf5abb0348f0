// Bundle.swift — a purgatory, its kernel and perhaps a device tree in one arm64 Image
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// One file that any loader of arm64 kernels takes, and that verifies its kernel before it enters it.
///
/// Everything is relative to the file's own base, which the loader puts at a multiple of 2 MiB.
public struct Bundle: Sendable {
  /// The Image: the purgatory, then the device tree and the kernel, with zeros between them.
  public let contents: Contents
  /// What was changed in the device tree that the user may not expect, in sentences.
  public let notes: [String]

  /// Puts a purgatory before its kernel, and fills it in.
  ///
  /// - Parameters:
  ///   - blob: an unfilled purgatory.
  ///   - kernel: an arm64 Image.
  ///   - dtb: handed to the kernel; nil: it gets the x0 that the loader sets.
  ///   - memory: RAM that the device tree is told of; empty: it knows.
  ///   - commandLine: what the device tree is told for the kernel; nil: it has one, or none.
  ///   - progress: of the digests.
  ///   - changes: how to report and what to do on a failure; segments and addresses are the bundle's own.
  /// - Throws: `Rejection` for a kernel that is no arm64 Image or whose text_offset is not below 2 MiB (booting.rst), a device
  ///   tree that is one boot's or has no memory, and what `InfoChanges.applied(to:file:_:)` refuses.
  public init(
    _ blob: Blob, kernel: File, dtb: File?, memory: [Range<UInt64>] = [], commandLine: String? = nil,
    changes: InfoChanges, progress: Progress? = nil
  ) throws(Rejection) {
    let image = try KernelImage(
      header: kernel.contents.prefix(KernelImage.headerSize), file: kernel.name)
    var end = blob.info.memorySize
    var changes = changes
    var segments: [Segment] = []
    var notes: [String] = []
    if let dtb {
      let board = try Board(dtb.deviceTree(), file: dtb.name)
      if board.isOfUEFI || board.isOfKdump {
        throw Rejection(
          Problem(
            dtb.name, "/chosen",
            found: board.isOfUEFI
              ? "what UEFI left in memory at one boot" : "what one crashed kernel left in memory",
            expected: "a device tree that fits every boot",
            help: "leave --dtb out, and the loader's is handed over"))
      }
      let map = MemoryMap(board: board, told: memory, isForced: false)
      guard map.problems.isEmpty else { throw Rejection(map.problems) }
      if map.memory.isEmpty {
        throw Rejection(
          Problem(
            dtb.name, "/memory", found: "none, and nobody completes a tree that is verified",
            expected: "--memory BASE+SIZE",
            help:
              "give the board's RAM with --memory, or leave --dtb out, and the loader's tree is handed over"))
      }
      notes = map.notes
      var told = BoardChanges()
      told.memory = map.stated
      told.commandLine = commandLine
      told.reservesResult = true
      // What belongs to one boot is not baked into a file.
      told.dropsSeeds = true
      notes += board.notes(on: told, canKeepSeeds: false)
      if let initrd = board.initrd {
        notes.append(
          "\(dtb.name): /chosen names an initrd at \(initrd.addresses): whoever loads the bundle has to load it there"
        )
      }
      let dtb = File(role: .dtb, name: dtb.name, bytes: try board.bytes(told), address: nil)
      guard let base = Self.place(dtb, from: end) else {
        throw Rejection(
          Problem(
            dtb.name, "size", found: "\(dtb.contents.count) bytes", expected: "at most 2 MiB",
            help: "leave nodes out of it that this board does not need"))
      }
      let segment = try Segment(role: .dtb, file: dtb.name, contents: dtb.contents, base: base)
      end = segment.range.upperBound
      segments.append(segment)
    }
    // text_offset counts from a multiple of 2 MiB; it is 0 since Linux 5.10, and below 2 MiB before.
    let below = (end.minus(image.textOffset) ?? 0).roundedUp(to: KernelImage.alignment)
    guard image.textOffset < KernelImage.alignment, let base = below?.plus(image.textOffset) else {
      throw Rejection(
        Problem(
          kernel.name, "text_offset", found: String(hex: image.textOffset), expected: "less than 2 MiB",
          help: "give a kernel of Linux 5.10 or newer")
      )
    }
    segments.insert(
      try Segment(role: .kernel, file: kernel.name, contents: kernel.contents, base: base), at: 0)

    changes.segments = segments
    changes.relative = true
    changes.loadAddress = nil
    let info = try changes.applied(to: blob.info, file: "bundle", progress)
    var filled = blob
    try filled.fill(info)
    var bytes = filled.flat
    var pieces: [Contents.Piece] = []
    end = UInt64(bytes.count)
    // The loader reserves memory for all of it, and picks a base as the kernel wants it.
    bytes.store(segments[0].range.upperBound, at: KernelImage.imageSizeOffset)
    bytes.store(image.flags | KernelImage.anywhereFlag, at: KernelImage.flagsOffset)
    for segment in segments.sorted(by: { $0.base < $1.base }) {
      // In order, and without overlap, as `changes` made sure.
      pieces += [.zeros(segment.base &- end), .contents(segment.contents)]
      end = segment.base &+ segment.contents.count
    }
    contents = Contents([.bytes(bytes)] + pieces, name: "bundle")
    self.notes = notes
  }

  /// The lowest page from `address` on at which the device tree does not cross a multiple of 2 MiB (booting.rst).
  private static func place(_ dtb: File, from address: UInt64) -> UInt64? {
    FreeMemory(memory: [Range(uncheckedBounds: (0, .max))], reserved: [])
      .place(
        size: dtb.contents.count, alignment: PurgatoryInfo.loadAlignment,
        window: ClosedRange(uncheckedBounds: (address, .max)), within: UInt64(DeviceTree.maximumSize))?
      .lowerBound
  }
}

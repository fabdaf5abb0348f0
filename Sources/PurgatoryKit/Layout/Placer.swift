// Placer.swift — one file after the other into free memory, each by its own rules
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// Places one file after the other.
struct Placer {
  /// Without what is firmware's, which only an old kernel has to share.
  var free: FreeMemory
  private var withFirmware: FreeMemory

  /// The page at 0 is left alone: to the purgatory, an address of 0 is none.
  private static let pageZero = Range<UInt64>(uncheckedBounds: (0, 4096))

  init(_ map: MemoryMap) {
    let hasZero = map.memory.first?.lowerBound == 0
    withFirmware = FreeMemory(
      memory: map.memory, reserved: map.reserved + (hasZero ? [Self.pageZero] : []))
    free = FreeMemory(memory: map.memory, reserved: withFirmware.taken + map.firmware)
  }

  mutating func take(base: UInt64, size: UInt64) {
    if let range = Range(base: base, size: size) { take(range) }
  }

  private mutating func take(_ range: Range<UInt64>) {
    free.take(range)
    withFirmware.take(range)
  }

  /// Takes what the file will take, as far as that can be told; `place` reports what is wrong with it.
  mutating func take(_ file: File) {
    let image =
      file.role == .kernel
      ? try? KernelImage(header: file.contents.prefix(KernelImage.headerSize), file: file.name) : nil
    let size = max(file.memorySize ?? 0, file.contents.count, image?.imageSize ?? 0)
    if let address = file.address { take(base: address, size: size) }
  }

  mutating func place(_ file: File, kernel: Segment?) throws(Rejection) -> Segment {
    if let address = file.address {
      return try Segment(
        role: file.role, file: file.name, contents: file.contents, base: address, memorySize: file.memorySize
      ).unpacked(as: file.unpackedName)
    }
    guard !free.memory.isEmpty else {
      throw Rejection(
        Problem(
          file.name, "address", found: "none, and no memory to choose one from",
          expected: "\(file.name)@ADDR",
          help: "give the address, --memory BASE+SIZE, or a --dtb that describes the memory"))
    }
    // What an address would not change is checked before there is one.
    var free = free
    var size = max(file.contents.count, file.memorySize ?? 0)
    var alignment: UInt64 = 4 << 10
    var offset: UInt64 = 0
    var window = ClosedRange<UInt64>.all
    switch file.role {
    case .kernel:
      let image = try KernelImage(header: file.contents.prefix(KernelImage.headerSize), file: file.name)
      size = max(size, image.imageSize)
      alignment = KernelImage.alignment
      offset = image.textOffset
      if !image.mayBeAnywhere { free = withFirmware }  // what is below it is lost to it
    case .initrd:
      if let kernel {
        guard let around = Layout.initrdWindow(around: kernel.range) else {
          throw Rejection(
            Problem(
              kernel.file, "image_size",
              found: "\(String(hex: kernel.memorySize)) bytes from \(String(hex: kernel.base))",
              expected: "a kernel that fits with its initrd into 32 GiB from a multiple of 1 GiB",
              help: "give the initrd an address of its own: --initrd FILE@ADDR"))
        }
        window = around
      }
    case .dtb, .segment, .purgatory: break
    }
    let block = file.role == .dtb ? UInt64(DeviceTree.maximumSize) : nil
    guard
      let range = free.place(size: size, alignment: alignment, offset: offset, window: window, within: block)
    else { throw Rejection(noRoom(file.name, size, alignment: alignment)) }
    take(range)
    return try Segment(
      role: file.role, file: file.name, contents: file.contents, base: range.lowerBound,
      memorySize: file.memorySize
    ).unpacked(as: file.unpackedName)
  }

  func noRoom(_ name: String, _ size: UInt64, alignment: UInt64) -> Problem {
    Problem(
      name, "address", found: "no room for \(String(hex: size)) bytes aligned to \(String(hex: alignment))",
      expected: "them in \(Layout.list(free.memory)) outside of \(Layout.list(free.taken))",
      help: "give more with --memory BASE+SIZE, or an address")
  }
}

// Layout.swift — a place in memory for every file, and for the purgatory
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import DeviceTree

/// A file to load, with the address that the user gave or none.
public struct File: Sendable {
  public let role: Segment.Role
  public let name: String
  public let bytes: [UInt8]
  public let address: UInt64?
  public let memorySize: UInt64?

  public init(role: Segment.Role, name: String, bytes: [UInt8], address: UInt64?, memorySize: UInt64? = nil) {
    self.role = role
    self.name = name
    self.bytes = bytes
    self.address = address
    self.memorySize = memorySize
  }
}

/// Where everything goes. Equal inputs give equal layouts.
public struct Layout: Sendable {
  /// In the order of the regions: kernel, DTB, initrd, others.
  public let segments: [Segment]
  /// The purgatory's base; nil: nobody asked, or there is no memory to choose it from.
  public let loadAddress: UInt64?
  /// RAM that was placed in; empty: unknown.
  public let memory: [Range<UInt64>]
  public let reserved: [Range<UInt64>]
  /// The DTB is not the file's: /chosen was changed.
  public let deviceTreeChanged: Bool

  /// What firmware, and QEMU, use at the start of RAM.
  static let firmwareSize: UInt64 = 2 << 20

  /// Where an initrd may be: booting.rst wants it and the kernel in one window of 32 GiB that starts at a multiple of
  /// 1 GiB. This is from the start of the lowest such window to the end of the highest.
  ///
  /// - Returns: nil for a kernel that no such window holds.
  static func initrdWindow(around kernel: Range<UInt64>) -> ClosedRange<UInt64>? {
    let (unit, size): (UInt64, UInt64) = (1 << 30, 32 << 30)
    let highest = kernel.lowerBound.roundedDown(to: unit)
    // The lowest multiple of 1 GiB from which 32 GiB reach to the kernel's end.
    let lowest = kernel.upperBound.minus(size)?.roundedUp(to: unit) ?? 0
    guard lowest <= highest else { return nil }
    return ClosedRange(uncheckedBounds: (lowest, highest.plus(size &- 1) ?? .max))
  }

  /// - Parameters:
  ///   - files: at most one kernel, DTB and initrd.
  ///   - memory: RAM; empty: what the device tree says.
  ///   - purgatorySize: the blob's memory_size.
  ///   - loadAddress: the purgatory's base, where the user gave one.
  ///   - placesPurgatory: choose one where the user gave none.
  ///   - updatesDeviceTree: tell the device tree of initrd and command line, and make room for the purgatory's result;
  ///     otherwise it has to say so already.
  public init(
    files: [File], memory: [Range<UInt64>], commandLine: String?, purgatorySize: UInt64, loadAddress: UInt64?,
    placesPurgatory: Bool, updatesDeviceTree: Bool
  ) throws(Rejection) {
    let dtb = files.first { $0.role == .dtb }
    var problems: [Problem] = []
    var board: Board?
    if let dtb {
      do throws(Rejection) {
        // All that is wrong with it, its address too; one that has none yet is anywhere.
        let base = dtb.address ?? PurgatoryInfo.loadAlignment
        _ = try Segment(role: .dtb, file: dtb.name, bytes: dtb.bytes, base: base)
        board = try Board(dtb.bytes, file: dtb.name)
      } catch {
        problems += error.problems
      }
    }
    if commandLine != nil, dtb == nil {
      problems.append(Problem("--cmdline", found: "no device tree to put it in", expected: "--dtb"))
    }
    self.memory = memory.isEmpty ? board?.memory ?? [] : memory.merged
    // Memory that the user named is the user's; that of a device tree has its firmware in it.
    let firmware =
      memory.isEmpty ? self.memory.compactMap { Range(base: $0.lowerBound, size: Self.firmwareSize) } : []
    reserved = board?.reserved ?? []
    var placer = Placer(FreeMemory(memory: self.memory, reserved: reserved), firmware: firmware)
    for file in files where file.address != nil { placer.take(file) }
    // A device tree grows when it is told something.
    if updatesDeviceTree, let board, let address = dtb?.address {
      let initrd: Range<UInt64>? = files.contains { $0.role == .initrd } ? Range(base: 0, size: 1) : nil
      let grown = try? board.bytes(initrd: initrd, commandLine: commandLine, reservesResult: true)
      placer.take(base: address, size: UInt64(grown?.count ?? 0))
    }
    if let loadAddress { placer.take(base: loadAddress, size: purgatorySize) }

    // The kernel first: what it needs is rarest. The DTB last: it has to say where the initrd is.
    var placed: [Segment.Role: Segment] = [:]
    var others: [Segment] = []
    for role in [Segment.Role.kernel, .initrd, .segment] {
      for file in files where file.role == role {
        do {
          let segment = try placer.place(file, kernel: placed[.kernel])
          if role == .segment { others.append(segment) } else { placed[role] = segment }
        } catch {
          problems += error.problems
        }
      }
    }
    var changed = false
    if let dtb, let board {
      do throws(Rejection) {
        var bytes = dtb.bytes
        let initrd = files.first { $0.role == .initrd }
        if updatesDeviceTree {
          bytes = try board.bytes(
            initrd: placed[.initrd]?.range, commandLine: commandLine, reservesResult: true)
        } else if commandLine != nil || (initrd != nil && initrd?.address == nil),
          try board.bytes(initrd: placed[.initrd]?.range, commandLine: commandLine) != bytes
        {
          throw Self.unwritten(dtb.name)
        }
        changed = bytes != dtb.bytes
        let final = try Board(bytes, file: dtb.name)
        let file = File(role: .dtb, name: dtb.name, bytes: bytes, address: dtb.address)
        placed[.dtb] = try placer.place(file, kernel: nil)
        let isMissing = initrd != nil && placed[.initrd] == nil  // which has been said
        if !isMissing, let range = final.initrd,
          !(Array(placed.values) + others).contains(where: { $0.range == range })
        {
          throw Rejection(
            Problem(
              dtb.name, "/chosen", found: "an initrd at \(range.addresses)",
              expected: placed[.initrd].map { "it at \($0.range.addresses)" }
                ?? "a file that is loaded there",
              help: placed[.initrd] == nil
                ? "add --initrd FILE@\(String(hex: range.lowerBound))"
                : "let --output-dir write a device tree that says so"))
        }
      } catch {
        problems += error.problems
      }
    }
    deviceTreeChanged = changed

    var base = loadAddress
    if base == nil, placesPurgatory, !self.memory.isEmpty, problems.isEmpty {
      base = placer.free.place(size: purgatorySize, alignment: PurgatoryInfo.loadAlignment)?.lowerBound
      if base == nil {
        problems.append(placer.noRoom("the purgatory", purgatorySize, alignment: PurgatoryInfo.loadAlignment))
      }
    }
    self.loadAddress = base
    segments = [placed[.kernel], placed[.dtb], placed[.initrd]].compactMap { $0 } + others
    problems += outsideMemory(purgatorySize: purgatorySize)
    guard problems.isEmpty else { throw Rejection(problems) }
  }

  private func outsideMemory(purgatorySize: UInt64) -> [Problem] {
    guard !memory.isEmpty else { return [] }
    var ranges = segments.map { (name: $0.file, range: $0.range) }
    if let range = loadAddress.flatMap({ Range(base: $0, size: purgatorySize) }) {
      ranges.append(("the purgatory", range))
    }
    return ranges.filter { _, range in !memory.contains { $0.contains(range) } }
      .map {
        Problem($0.name, "address", found: $0.range.addresses, expected: "memory: \(Self.list(memory))")
      }
  }

  /// The device tree would have to be changed, and nobody would write it.
  private static func unwritten(_ file: String) -> Rejection {
    Rejection(
      Problem(
        file, "/chosen", found: "not what --initrd and --cmdline say",
        expected: "a place to write the changed DTB to",
        help: "use purgatory build --output-dir DIR"))
  }

  static func list(_ ranges: [Range<UInt64>]) -> String {
    let shown = ranges.prefix(4).map(\.addresses)
    let more = ranges.count - shown.count
    return ranges.isEmpty ? "none" : (shown + (more > 0 ? ["\(more) more"] : [])).joined(separator: ", ")
  }
}

/// Places one file after the other.
private struct Placer {
  /// Without what is firmware's, which only an old kernel has to share.
  var free: FreeMemory
  private var withFirmware: FreeMemory

  init(_ free: FreeMemory, firmware: [Range<UInt64>]) {
    withFirmware = free
    self.free = FreeMemory(memory: free.memory, reserved: free.taken + firmware)
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
    let image = file.role == .kernel ? try? KernelImage(header: file.bytes, file: file.name) : nil
    let size = max(file.memorySize ?? 0, UInt64(file.bytes.count), image?.imageSize ?? 0)
    if let address = file.address { take(base: address, size: size) }
  }

  mutating func place(_ file: File, kernel: Segment?) throws(Rejection) -> Segment {
    if let address = file.address {
      return try Segment(
        role: file.role, file: file.name, bytes: file.bytes, base: address, memorySize: file.memorySize)
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
    var size = max(UInt64(file.bytes.count), file.memorySize ?? 0)
    var alignment: UInt64 = 4 << 10
    var offset: UInt64 = 0
    var window = ClosedRange<UInt64>.all
    switch file.role {
    case .kernel:
      let image = try KernelImage(header: file.bytes, file: file.name)
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
      role: file.role, file: file.name, bytes: file.bytes, base: range.lowerBound, memorySize: file.memorySize
    )
  }

  func noRoom(_ name: String, _ size: UInt64, alignment: UInt64) -> Problem {
    Problem(
      name, "address", found: "no room for \(String(hex: size)) bytes aligned to \(String(hex: alignment))",
      expected: "them in \(Layout.list(free.memory)) outside of \(Layout.list(free.taken))",
      help: "give more with --memory BASE+SIZE, or an address")
  }
}

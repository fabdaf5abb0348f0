// MemoryDiagram.swift — what is where in memory, to be drawn
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

/// Areas of memory, which may overlap, and the addresses in them that somebody jumps to or reads from.
package struct MemoryDiagram: Equatable, Sendable {
  package enum Kind: String, Sendable {
    case purgatory, scratch, kernel, bss, dtb, initrd, segment, region, reserved
  }

  package struct Area: Equatable, Sendable {
    package let kind: Kind
    package let name: String
    package let range: Range<UInt64>
    /// The file that is loaded there; empty: none.
    package var file = ""
    /// The purgatory computes its digest.
    package var isVerified = false
  }

  package struct Mark: Equatable, Sendable {
    package let name: String
    package let address: UInt64
  }

  /// A stretch of memory in which nothing begins or ends.
  package struct Slice: Equatable, Sendable {
    package let range: Range<UInt64>
    /// What is in it; more than one: they overlap.
    package let areas: [Area]
    /// It is RAM, or nobody knows where that is.
    package let isMemory: Bool

    package var isFree: Bool { areas.isEmpty && isMemory }

    /// What is loaded there; of memory that only is reserved, that.
    package var visible: [Area] {
      let loaded = areas.filter { $0.kind != .reserved }
      return loaded.isEmpty ? areas : loaded
    }

    /// What is wrong with it, in words; nil: nothing.
    package var fault: String? {
      if visible.count > 1 { return "overlap of \(range.size) bytes" }
      if let area = visible.first, area.kind != .reserved, !isMemory { return "no memory" }
      return visible.count < areas.count ? "reserved memory" : nil
    }
  }

  /// RAM, by address; empty: unknown.
  package var memory: [Range<UInt64>] = []
  /// By address.
  package private(set) var areas: [Area] = []
  package private(set) var marks: [Mark] = []
  /// Addresses count from the purgatory's base, which is at `origin`.
  package let isRelative: Bool

  /// Where the purgatory is in a diagram of relative addresses: half of them are below it.
  package static let origin: UInt64 = 1 << 63

  /// Where everything of a layout goes; the purgatory has `loadSize` bytes of its own, and scratch up to `memorySize`.
  package init(_ layout: Layout, loadSize: UInt64, memorySize: UInt64) {
    self.init(
      layout.segments, base: layout.loadAddress, loadSize: loadSize, memorySize: memorySize,
      memory: layout.memory, reserved: layout.reserved)
  }

  /// What a purgatory says of memory. Where it will be itself, it only knows if that is where it counts from.
  package init(_ blob: Blob) {
    let info = blob.info
    isRelative = info.flags.contains(.relative)
    let origin = isRelative ? Self.origin : 0
    if isRelative { addPurgatory(at: origin, loadSize: UInt64(blob.loadRange.count), info.memorySize) }
    for (index, region) in info.usedRegions {
      let isKernel = info.kernelEntry != 0 && region.contains(info.kernelEntry)
      let isTree = !isKernel && info.dtbAddress != 0 && region.base == info.dtbAddress
      add(
        isKernel ? .kernel : isTree ? .dtb : .region,
        isKernel ? "kernel" : isTree ? "dtb" : "region \(index)", at: region.base &+ origin,
        size: region.size,
        isVerified: !info.skipChecks)
      if isKernel, let size = blob.kernelSize(at: region), size > region.size {
        add(.bss, "kernel's bss", at: region.base &+ origin &+ region.size, size: size &- region.size)
      }
    }
    mark(info)
    sort()
  }

  /// What a manifest's files are, in the memory that the device tree among them describes.
  package init(_ files: ManifestFiles) throws(Rejection) {
    var segments: [Segment] = []
    var purgatory: (base: UInt64, blob: Blob)?
    var map: MemoryMap?
    for file in files.files {
      let claim = file.segment
      let segment = try Segment(
        role: claim.role ?? .segment, file: claim.file, contents: file.contents, base: claim.base,
        memorySize: claim.memorySize)
      if segment.role == .purgatory {
        purgatory = (segment.base, try Blob(file.contents, file: file.path))
      } else {
        segments.append(segment)
      }
      if segment.role == .dtb {
        map = MemoryMap(
          board: try Board(file.contents.bytes(.deviceTree), file: file.path), told: [], isForced: true)
      }
    }
    self.init(
      segments, base: purgatory?.base, loadSize: UInt64(purgatory?.blob.loadRange.count ?? 0),
      memorySize: purgatory?.blob.info.memorySize ?? 0,
      isVerified: purgatory.map { !$0.blob.info.skipChecks } ?? false, memory: map?.memory ?? [],
      reserved: map?.reserved ?? [])
  }

  /// What is to be loaded, and the purgatory if it is known where that will be.
  init(
    _ segments: [Segment], base: UInt64?, loadSize: UInt64, memorySize: UInt64, isVerified: Bool = true,
    memory: [Range<UInt64>] = [], reserved: [Range<UInt64>] = []
  ) {
    self.memory = memory
    isRelative = false
    if let base {
      addPurgatory(at: base, loadSize: loadSize, memorySize)
      marks.append(Mark(name: "entry", address: base))
    }
    for segment in segments {
      let kind = Kind(rawValue: segment.role.rawValue) ?? .segment
      let name = FilePath(segment.file).lastComponent?.string ?? segment.file
      add(
        kind, segment.role == .segment ? name.shortened(to: 24) : segment.role.rawValue, at: segment.base,
        size: segment.verifiedSize, file: segment.file, isVerified: isVerified)
      let rest = segment.memorySize &- segment.verifiedSize
      add(.bss, "kernel's bss", at: segment.base &+ segment.verifiedSize, size: rest)
      switch segment.role {
      case .kernel: marks.append(Mark(name: "kernel entry", address: segment.base))
      case .dtb: marks.append(Mark(name: "device tree, x0", address: segment.base))
      default: break
      }
    }
    areas += reserved.merged.map { Area(kind: .reserved, name: "reserved", range: $0) }
    sort()
  }

  private mutating func addPurgatory(at base: UInt64, loadSize: UInt64, _ memorySize: UInt64) {
    add(.purgatory, "purgatory", at: base, size: loadSize)
    add(.scratch, "scratch", at: base &+ loadSize, size: memorySize &- loadSize)
  }

  /// What wraps around the end of all addresses is not drawn: it has been said that it does.
  private mutating func add(
    _ kind: Kind, _ name: String, at base: UInt64, size: UInt64, file: String = "", isVerified: Bool = false
  ) {
    guard size > 0, let range = Range(base: base, size: size) else { return }
    areas.append(Area(kind: kind, name: name, range: range, file: file, isVerified: isVerified))
  }

  private mutating func mark(_ info: PurgatoryInfo) {
    let origin = isRelative ? Self.origin : 0
    if isRelative { marks.append(Mark(name: "entry", address: origin)) }
    for (name, address) in [
      ("kernel entry", info.kernelEntry), ("device tree, x0", info.dtbAddress),
      ("result", info.resultAddress),
    ] where address != 0 { marks.append(Mark(name: name, address: address &+ origin)) }
  }

  private mutating func sort() {
    areas.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    marks.sort { $0.address < $1.address }
  }

  /// Something is in the place of something else, or where there is no memory for it.
  package var hasFault: Bool { slices.contains { $0.fault != nil } }

  /// All memory in order, from the first to the last that is known or used.
  package var slices: [Slice] {
    let ends = Set((areas.map(\.range) + memory).flatMap { [$0.lowerBound, $0.upperBound] }).sorted()
    var (next, present) = (areas[...], [Area]())
    var ram = memory[...]
    return zip(ends, ends.dropFirst()).map { start, end in
      present.removeAll { $0.range.upperBound <= start }
      while let area = next.first, area.range.lowerBound <= start { present.append(next.removeFirst()) }
      while let range = ram.first, range.upperBound <= start { ram.removeFirst() }
      return Slice(
        range: Range(uncheckedBounds: (start, end)), areas: present,
        isMemory: memory.isEmpty || ram.first.map { $0.lowerBound <= start } ?? false)
    }
  }
}

extension Blob {
  /// Bytes of memory that the kernel in a bundle takes; nil: its kernel is not in this file.
  fileprivate func kernelSize(at region: PurgatoryInfo.Region) -> UInt64? {
    guard format == .bundle, let range = Range(base: region.base, size: region.size),
      let header = try? contents.slice(range).prefix(KernelImage.headerSize),
      let image = try? KernelImage(header: header, file: file)
    else { return nil }
    return image.imageSize
  }
}

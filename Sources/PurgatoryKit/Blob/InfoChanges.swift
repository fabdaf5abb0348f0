// InfoChanges.swift — what a user asks to be filled into struct purgatory_info
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic

/// Changes to a `PurgatoryInfo`; what is nil stays as it is. Addresses are physical, also for a relative purgatory.
public struct InfoChanges: Sendable {
  /// Which digests are filled in and verified.
  public enum DigestMode: String, CaseIterable, Sendable {
    /// One for each region: a failure names the region.
    case regions
    /// One over all regions, as kexec-tools has it.
    case combined
    /// None: nothing is verified.
    case none
  }

  /// What is verified; replaces all regions unless it is empty.
  public var segments: [Segment] = []
  /// The next kernel's first instruction; nil: the base of the kernel among `segments`.
  public var kernelEntry: UInt64?
  /// The device tree, handed over in x0; nil: that among `segments`; 0: whatever x0 the purgatory is entered with.
  public var dtbAddress: UInt64?
  /// Where the result is stored for the next system, a multiple of 8; nil: in the device tree among `segments`, where that
  /// has room; 0: nowhere.
  public var resultAddress: UInt64?
  /// Where the purgatory itself will be loaded; with `relative`, what addresses are made relative to.
  public var loadAddress: UInt64?
  /// Which digests are filled in; nil: one for each region, unless the purgatory has one over all.
  public var digest: DigestMode?
  /// The diagnostics UART, which `Board.console()` tells; `.some(nil)`: silent.
  public var console: PurgatoryInfo.Console??
  /// What the purgatory does when verification fails.
  public var onFailure: PurgatoryInfo.FailureAction?
  /// The instruction that reaches PSCI, which `Board.psci` tells.
  public var psci: PurgatoryInfo.PSCIConduit?
  /// Store addresses as offsets from the purgatory's base, so that all can be loaded elsewhere together.
  public var relative: Bool?
  /// Print failures only.
  public var quiet: Bool?
  /// Verify with caches on, where that is possible.
  public var usesCache: Bool?
  /// Verify with SHA-2 instructions, where there are any.
  public var usesCrypto: Bool?

  /// No changes.
  public init() {}

  /// `info` with the changes made.
  ///
  /// - Parameters:
  ///   - info: what the blob holds: `Blob.info`.
  ///   - file: the blob, for errors.
  ///   - progress: of the digests.
  /// - Throws: `Rejection`, with all that is wrong with the changes, alone and together with what `info` holds already.
  public func applied(
    to info: PurgatoryInfo, file: String, _ progress: Progress? = nil
  ) throws(Rejection) -> PurgatoryInfo {
    var info = info
    var problems: [Problem] = []

    let wasRelative = info.flags.contains(.relative)
    let isRelative = relative ?? wasRelative
    if isRelative != wasRelative, info.hasAddresses {
      if let loadAddress {
        info.rebase(adding: isRelative ? 0 &- loadAddress : loadAddress)
      } else {
        problems.append(
          Problem(
            file, "flags", found: "addresses that are \(wasRelative ? "relative" : "absolute") already",
            expected: "the blob's base to convert them", help: "add --load-address"))
      }
    }
    let origin = isRelative ? loadAddress ?? 0 : 0

    if let quiet { info.flags.set(.quiet, to: quiet) }
    if let usesCache { info.flags.set(.noCache, to: !usesCache) }
    if let usesCrypto { info.flags.set(.noCrypto, to: !usesCrypto) }
    info.flags.set(.relative, to: isRelative)
    if let onFailure { info.onFailure = onFailure }
    if let psci { info.psciConduit = psci }
    if let console { info.console = console }

    if !segments.isEmpty {
      problems += fillRegions(&info, origin: origin)
    } else if let digest, digest != .none {
      problems.append(
        Problem(
          "--digest \(digest.rawValue)", found: "no file to compute it of",
          expected: "--kernel, --dtb, --initrd or --segment",
          help: "name a file to verify, or use --digest none"))
    }
    if digest == DigestMode.none {
      info.skipChecks = true
      info.flags.subtract([.verifyRegions, .verifyCombined])
    }

    let kernel = segments.first { $0.role == .kernel }
    let dtb = segments.first { $0.role == .dtb }
    if let entry = kernelEntry ?? kernel?.base { info.kernelEntry = entry &- origin }
    // A DTB address of 0 means "none", relative or not.
    if let address = dtbAddress ?? dtb?.base { info.dtbAddress = dtbAddress == 0 ? 0 : address &- origin }
    // The room was in a device tree that is none of the regions any more.
    if !segments.isEmpty { info.resultAddress = 0 }
    if let address = resultAddress ?? dtb.map(Self.resultAddress) {
      info.resultAddress = address == 0 ? 0 : address &- origin
      if address != 0, info.resultAddress == 0 {
        problems.append(
          Problem(
            "--result-addr", found: "the purgatory's own address", expected: "memory of its own",
            help: "give another address, or --result-addr 0 for nowhere"))
      }
    }
    for segment in [kernelEntry == nil ? kernel : nil, dtb] where segment?.base == 0 && !isRelative {
      problems.append(
        Problem(
          segment?.file ?? "", "address", found: "0x0",
          expected: "any other: the purgatory takes it for none", help: "let it be placed, without an address"
        ))
    }
    if let dtb, let dtbAddress, dtb.base != dtbAddress {
      problems.append(
        Problem(
          "--dtb-addr", found: String(hex: dtbAddress),
          expected: "\(String(hex: dtb.base)), where --dtb puts \(dtb.file)", help: "leave --dtb-addr out"))
    }

    let blobBase = loadAddress ?? (isRelative ? 0 : nil)
    // Too many are one problem, not as many as there are pairs of them.
    if segments.count <= PurgatoryInfo.maximumRegions {
      problems += overlaps(blobBase: blobBase, memorySize: info.memorySize)
    }
    // Of segments, overlaps() knows more than regions tell: names, and memory that is not verified.
    problems += info.findings(blobBase: loadAddress)
      .filter { segments.isEmpty || $0.rule != .overlap || ["result_addr", "console"].contains($0.location) }
      .map { $0.problem(in: file) }
    // Memory that a kernel clears: more than its region.
    if let kernel, info.resultAddress != 0, kernel.range.contains(info.resultAddress &+ origin),
      !problems.contains(where: { $0.place == "result_addr" })
    {
      problems.append(
        Problem(
          file, "result_addr", found: "\(String(hex: info.resultAddress &+ origin)) in \(kernel.file)",
          expected: "memory that the kernel does not clear",
          help: "give another address, or --result-addr 0 for nowhere"))
    }
    guard problems.isEmpty else {
      let diagram = MemoryDiagram(
        segments, base: blobBase, loadSize: info.memorySize, memorySize: info.memorySize)
      throw segments.count <= PurgatoryInfo.maximumRegions && diagram.hasFault
        ? Rejection(problems).with(diagram) : Rejection(problems)
    }
    try computeDigests(in: &info, progress)  // last: what is refused is not hashed first
    return info
  }

  /// Where a device tree has room for the result; 0: nowhere.
  private static func resultAddress(in dtb: Segment) -> UInt64 {
    // A segment that is a device tree is well-formed.
    (try? Board(dtb.contents.bytes(.deviceTree), file: dtb.file))?.resultOffset.map { dtb.base &+ $0 } ?? 0
  }

  private func computeDigests(in info: inout PurgatoryInfo, _ progress: Progress?) throws(Rejection) {
    guard !segments.isEmpty else { return }
    if info.flags.contains(.verifyRegions) {
      try Contents.hash(segments.map(\.verified), progress)
      for (index, segment) in segments.enumerated() { info.regions[index].digest = try Digest(of: [segment]) }
    }
    info.combinedDigest = info.flags.contains(.verifyCombined) ? try Digest(of: segments, progress) : .zero
  }

  private func fillRegions(_ info: inout PurgatoryInfo, origin: UInt64) -> [Problem] {
    let maximum = PurgatoryInfo.maximumRegions
    if let problem = Problem.tooManySegments(segments.count) { return [problem] }
    let mode = digest ?? (info.flags.contains(.verifyCombined) ? .combined : .regions)
    info.regions = [PurgatoryInfo.Region](repeating: .init(), count: maximum)
    for (index, segment) in segments.enumerated() {
      info.regions[index] = PurgatoryInfo.Region(base: segment.base &- origin, size: segment.verifiedSize)
    }
    info.flags.set(.verifyRegions, to: mode == .regions)
    info.flags.set(.verifyCombined, to: mode == .combined)
    info.skipChecks = mode == .none
    return []
  }

  /// Segments that overlap each other, or the purgatory if it is known where that will be: a relative one is at 0.
  private func overlaps(blobBase: UInt64?, memorySize: UInt64) -> [Problem] {
    var placed = segments.map { (name: $0.file, range: $0.range) }
    var problems: [Problem] = []
    if let blobBase {
      if !blobBase.isMultiple(of: PurgatoryInfo.loadAlignment) {
        problems.append(
          Problem(
            "--load-address", found: String(hex: blobBase), expected: "a multiple of 4 KiB",
            help: "--load-address \(String(hex: blobBase.roundedDown(to: PurgatoryInfo.loadAlignment)))"))
      }
      if let range = Range(base: blobBase, size: memorySize) {
        placed.append((name: "the purgatory", range: range))
      } else {
        problems.append(
          Problem(
            "--load-address", found: String(hex: blobBase), expected: "an end below 2^64",
            help: "give a lower --load-address, or none"))
      }
    }
    for (index, first) in placed.enumerated() {
      for second in placed[(index + 1)...] where first.range.overlaps(second.range) {
        problems.append(
          Problem(
            first.name, "address",
            found: "\(first.range.addresses) overlaps \(second.name) at \(second.range.addresses)",
            expected: "memory of its own",
            help: "let them be placed, without addresses: --dtb FILE or --memory BASE+SIZE says where"))
      }
    }
    return problems
  }
}

extension Problem {
  /// More files than the struct has room for; nil: there are not.
  package static func tooManySegments(_ count: Int) -> Problem? {
    let maximum = PurgatoryInfo.maximumRegions
    guard count > maximum else { return nil }
    return Problem(
      "--segment", found: "\(count) segments", expected: "at most \(maximum) in all",
      help: "put several files into one, as an initrd can hold them")
  }
}

extension Range<UInt64> {
  /// `0xfirst-0xend`, the end not included.
  var addresses: String { "\(String(hex: lowerBound))-\(String(hex: upperBound))" }
}

extension PurgatoryInfo.Flags {
  fileprivate mutating func set(_ flag: Self, to value: Bool) {
    if value { insert(flag) } else { remove(flag) }
  }
}

extension PurgatoryInfo {
  fileprivate var hasAddresses: Bool {
    kernelEntry != 0 || dtbAddress != 0 || resultAddress != 0 || !usedRegions.isEmpty
  }

  /// Moves every address; an entry or a DTB address of 0 stays what it is, "none".
  fileprivate mutating func rebase(adding offset: UInt64) {
    if kernelEntry != 0 { kernelEntry &+= offset }
    if dtbAddress != 0 { dtbAddress &+= offset }
    if resultAddress != 0 { resultAddress &+= offset }
    for index in regions.indices where regions[index].size != 0 { regions[index].base &+= offset }
  }
}

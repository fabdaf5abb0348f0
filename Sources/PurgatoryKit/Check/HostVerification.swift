// HostVerification.swift — what a purgatory would conclude of the memory that it finds, computed here
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import PurgatoryABI

/// The purgatory's own order of things (info.S, verify.S): is the info sane, is anything to be verified, each region in
/// its order, then all of them.
package struct HostVerification: Sendable {
  package enum Verdict: Equatable, Sendable {
    case verified
    case skipped
    /// The first region that is not what it was; nil: one by one they are, or were not looked at, but all together are not.
    case mismatch(region: Int?)
    /// The field that the purgatory would name, and what it holds.
    case badInfo(String, found: String)
    /// It would hash bytes of which nobody here knows what they are.
    case unknown
    /// It would write what it says over itself: its console is there.
    case overwritten(console: PurgatoryInfo.Region)
  }

  package struct Region: Sendable {
    package let index: Int
    /// Where it is in memory, `RELATIVE` applied.
    package let base: UInt64
    package let size: UInt64
    /// What is loaded there.
    package let files: [String]
    /// What the purgatory holds it against; nil: each region has no digest of its own.
    package let expected: Digest?
    /// nil: unknown, or not asked for.
    package let computed: Digest?
    /// The first of its bytes of which nobody knows what they are, and their end.
    package let gap: Swift.Range<UInt64>?

    package var differs: Bool { computed != nil && expected != computed }
    package var addresses: String { PurgatoryInfo.Region(base: base, size: size).addresses }
  }

  package let verdict: Verdict
  package let regions: [Region]
  /// Of all regions together: what was expected and, if it was asked for and all are known, what it is.
  package let expectedCombined: Digest?
  package let computedCombined: Digest?

  /// - Parameters:
  ///   - info: the purgatory's.
  ///   - base: where the purgatory is loaded; nil: nobody knows. Relative addresses are then as from 0.
  ///   - segments: all that is loaded, but for the purgatory.
  ///   - progress: of the digests.
  /// - Throws: `Rejection` for a file that cannot be read, or is changed while it is.
  package init(
    _ info: PurgatoryInfo, at base: UInt64?, segments: [Segment], _ progress: Progress? = nil
  ) throws(Rejection) {
    let isRelative = info.flags.contains(.relative)
    let purgatory = (base ?? (isRelative ? 0 : nil)).map {
      PurgatoryInfo.Region(base: $0, size: info.memorySize)
    }
    let memory = try LoadedMemory(segments, purgatory: purgatory)
    let bias = isRelative ? base ?? 0 : 0
    let places = info.usedRegions.map { index, region in
      (index, PurgatoryInfo.Region(base: region.base &+ bias, size: region.size, digest: region.digest))
    }
    let refusal = Self.refusal(of: info, places)
    let isHashed = refusal == nil && !info.skipChecks
    let (each, all) = (info.flags.contains(.verifyRegions), info.flags.contains(.verifyCombined))

    // It speaks before it hashes. Where that is among relative regions, nobody knows without their base.
    let isSilent = info.flags.contains(.quiet) || isRelative && base == nil
    let register = isSilent ? nil : info.console?.dataRegister
    let found = places.map { _, region in isHashed ? memory.find(region, saidAt: register) : .init() }
    if isHashed, each { try Contents.hash(found.compactMap(\.contents), progress) }
    let regions = try zip(places, found).map { place, found throws(Rejection) in
      let (index, region) = place
      return Region(
        index: index, base: region.base, size: region.size, files: found.files,
        expected: each ? region.digest : nil,
        computed: each ? try found.contents?.digest() : nil, gap: found.gap)
    }
    self.regions = regions
    expectedCombined = all ? info.combinedDigest : nil

    var computedCombined: Digest?
    if let register, let purgatory, purgatory.overlaps(register) {
      verdict = .overwritten(console: register)
    } else if let refusal {
      verdict = refusal
    } else if info.skipChecks {
      verdict = .skipped
    } else if let first = regions.first(where: { $0.gap != nil || $0.differs }), each || first.gap != nil {
      verdict = first.gap == nil ? .mismatch(region: first.index) : .unknown
    } else if found.contains(where: { $0.contents == nil }) {
      verdict = .unknown
    } else if all {
      let contents = Contents(found.compactMap(\.contents).map { .contents($0) }, name: "")
      let digest = try contents.digest(progress)
      computedCombined = digest
      verdict = digest == info.combinedDigest ? .verified : .mismatch(region: nil)
    } else {
      verdict = .verified
    }
    self.computedCombined = computedCombined
  }

  /// What check_info would answer; nil: all is well.
  ///
  /// - Parameter places: the regions in use, where they are in memory.
  private static func refusal(
    of info: PurgatoryInfo, _ places: [(index: Int, region: PurgatoryInfo.Region)]
  ) -> Verdict? {
    if info.kernelEntry == 0 || !info.kernelEntry.isMultiple(of: 4) {
      return .badInfo("kernel_entry", found: String(hex: info.kernelEntry))
    }
    if !info.resultAddress.isMultiple(of: PurgatoryInfo.resultAlignment) {
      return .badInfo("result_addr", found: String(hex: info.resultAddress))
    }
    for (index, region) in places {
      if !region.base.isMultiple(of: PurgatoryInfo.regionAlignment) {
        return .badInfo("region base", found: "region \(index) at \(String(hex: region.base))")
      }
      if region.base.plus(region.size) == nil {
        return .badInfo(
          "region size",
          found: "region \(index), \(String(hex: region.size)) bytes at \(String(hex: region.base))")
      }
    }
    if info.skipChecks { return nil }
    if places.isEmpty { return .badInfo("nothing to verify", found: "no region") }
    return info.flags.isDisjoint(with: [.verifyRegions, .verifyCombined])
      ? .badInfo("nothing to verify", found: "neither verify-regions nor verify-combined") : nil
  }
}

extension ManifestFiles {
  /// The purgatory, and all else that a loader puts into memory. What the files hold is not judged, for the purgatory does not,
  /// either.
  ///
  /// - Parameter path: the manifest, as the user named it.
  package func loaded(_ path: String) throws(Rejection) -> (purgatory: Segment, others: [Segment]) {
    var (purgatories, others): ([Segment], [Segment]) = ([], [])
    var problems: [Problem] = []
    for file in files {
      do throws(Rejection) {
        let claim = file.segment
        // A kernel clears the memory behind its file itself.
        let segment = try Segment(
          role: .segment, file: claim.path(in: path), contents: file.contents, base: claim.base,
          memorySize: claim.role == .kernel ? nil : claim.memorySize)
        if claim.role == .purgatory { purgatories.append(segment) } else { others.append(segment) }
      } catch {
        problems += error.problems
      }
    }
    guard problems.isEmpty else { throw Rejection(problems) }
    guard purgatories.count == 1, let purgatory = purgatories.first else {
      throw Rejection(
        Problem(
          path, "segments", found: "\(purgatories.count) purgatories", expected: "exactly one",
          help: "purgatory build --output-dir DIR writes one"))
    }
    return (purgatory, others)
  }
}

extension Blob {
  /// What a bundle has with it, where it is if the bundle is at `base`.
  package func bundled(at base: UInt64) throws(Rejection) -> [Segment] {
    let all = contents
    return try info.usedRegions.map { _, region throws(Rejection) in
      guard let range = Range(base: region.base, size: region.size), range.upperBound <= all.count else {
        throw Rejection(
          Problem(
            file, "region", found: region.addresses, expected: "a place in the bundle",
            help: "make the bundle again"))
      }
      return try Segment(role: .segment, file: file, contents: all.slice(range), base: base &+ region.base)
    }
  }
}

/// What a loader has put where.
private struct LoadedMemory {
  private let segments: [Segment]
  private let purgatory: PurgatoryInfo.Region?

  /// The bytes of a region: what they are, and from where; or which are not known.
  struct Found {
    var contents: Contents?
    var files: [String] = []
    var gap: Range<UInt64>?
  }

  /// - Throws: `Rejection` where two are in one place: what is there depends on who comes last.
  init(_ segments: [Segment], purgatory: PurgatoryInfo.Region?) throws(Rejection) {
    let sorted = segments.sorted { $0.base < $1.base }
    var problems: [Problem] = []
    func report(_ segment: Segment, over other: String) {
      problems.append(
        Problem(
          segment.file, "address", found: "\(segment.range.addresses) overlaps \(other)",
          expected: "memory of its own", help: "give each the address that the loader loads it at"))
    }
    for (first, second) in zip(sorted, sorted.dropFirst()) where first.range.overlaps(second.range) {
      report(second, over: "\(first.file) at \(first.range.addresses)")
    }
    for segment in sorted {
      guard let purgatory,
        purgatory.overlaps(.init(base: segment.base, size: segment.memorySize))
      else { continue }
      report(segment, over: "the purgatory at \(purgatory.addresses)")
    }
    guard problems.isEmpty else { throw Rejection(problems) }
    self.segments = sorted
    self.purgatory = purgatory
  }

  /// - Parameter register: where bytes are written before any is hashed.
  func find(_ region: PurgatoryInfo.Region, saidAt register: PurgatoryInfo.Region?) -> Found {
    var found = Found()
    var (pieces, next): ([Contents.Piece], UInt64) = ([], region.base)
    let end = region.base &+ region.size
    // It writes to its own memory before it hashes it.
    if let written = [purgatory, register].compactMap({ $0 }).first(where: { $0.overlaps(region) }) {
      let start = max(region.base, written.base)
      let stop = min(end, written.base.plus(written.size) ?? end)
      return Found(gap: Range(uncheckedBounds: (start, stop)))
    }
    for segment in segments {
      guard next < end, let loaded = Range(base: segment.base, size: segment.verifiedSize),
        loaded.contains(next)
      else { continue }
      let part = Range(uncheckedBounds: (next &- segment.base, min(end, loaded.upperBound) &- segment.base))
      pieces.append(.contents(segment.verified.slice(part)))
      found.files.append(segment.file)
      next = min(end, loaded.upperBound)
    }
    guard next == end else {
      let following = segments.first { $0.base > next }.map { min($0.base, end) } ?? end
      found.gap = Range(uncheckedBounds: (next, following))
      return found
    }
    // The whole of a segment is hashed once, whoever asks.
    if case .contents(let whole)? = pieces.first, pieces.count == 1 {
      found.contents = whole
    } else {
      found.contents = Contents(pieces, name: found.files.first ?? "")
    }
    return found
  }
}

// MARK: - Why it would not be verified

extension HostVerification {
  /// Whether the purgatory would find that all is what it was.
  package var isVerified: Bool { verdict == .verified }

  /// Everything that keeps the purgatory from that; the first is what it would say.
  ///
  /// - Parameters:
  ///   - file: the purgatory's name.
  ///   - whole: what to do about a file that is another one.
  ///   - loading: how to say what is loaded where.
  package func problems(_ file: String, whole: String, loading: String) -> [Problem] {
    func problem(_ place: String, found: String, expected: String, help: String) -> Problem {
      Problem(file, place, found: found, expected: expected, help: help)
    }
    switch verdict {
    case .verified: return []
    case .skipped:
      return [
        problem(
          "skip_checks", found: "set: it would enter the kernel without a look at any segment",
          expected: "0",
          help: "fill it in with digests: purgatory patch \(file.quotedForShell) --digest regions")
      ]
    case .badInfo(let field, let found):
      return [
        problem(
          field, found: found, expected: "what the purgatory does not refuse as bad info",
          help: "see what it holds: purgatory show \(file.quotedForShell)")
      ]
    case .overwritten(let register):
      return [
        problem(
          "console", found: "\(register.addresses), in the purgatory's own memory",
          expected: "a UART's register",
          help: "see what it holds: purgatory show \(file.quotedForShell)")
      ]
    case .mismatch, .unknown: break
    }
    var problems: [Problem] = []
    for region in regions {
      let place = "region \(region.index)"
      if let gap = region.gap {
        problems.append(
          problem(
            place,
            found:
              "nobody knows what is at \(PurgatoryInfo.Region(base: gap.lowerBound, size: gap.size).addresses)",
            expected: "a segment for all of \(region.addresses)", help: loading))
      } else if region.differs, let computed = region.computed, let expected = region.expected {
        problems.append(
          problem(
            place,
            found: "\(region.addresses), from \(region.files.joined(separator: ", ")): sha256 \(computed)",
            expected: "\(expected)", help: whole))
      }
    }
    if let computed = computedCombined, let expected = expectedCombined, computed != expected {
      problems.append(
        problem("all regions", found: "sha256 \(computed)", expected: "\(expected)", help: whole))
    }
    return problems
  }
}

// Verify.swift — would a purgatory accept these segments
// SPDX-License-Identifier: MIT

import ArgumentParser
import CheckedArithmetic
import PurgatoryKit

struct Verify: Verb {
  static let example = "verify out"

  static let exitStatuses = [
    (status: 0, meaning: "The purgatory would find that all segments are what they were."),
    (status: 1, meaning: "It would not, or would not look, or an input was rejected."),
    (status: 64, meaning: "The command was used wrongly."),
  ]

  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Tell what a purgatory would conclude of the segments that are loaded.",
    discussion: """
      The same digests over the same bytes in the same order, computed here. Exit status 0: it would enter the kernel because all is what it was; 1: not, with \
      the first segment that differs first. Of an output folder, its manifest.json or a bundle, the segments are known.
      """)

  @Argument(
    help: "The purgatory, ELF or flat, a bundle, or an output folder of `purgatory build`.",
    completion: .file())
  var file: String

  @Option(
    help: .init(
      "What is loaded there; zeros follow it up to memsize. Repeatable.", valueName: "file@addr[+memsize]"),
    completion: .file(), transform: PlacedFile.init(parsingSized:))
  var segment: [PlacedFile] = []

  @Option(
    help: .init(
      "Where the purgatory is loaded. (default of one with relative addresses: 0)", valueName: "addr"),
    transform: parseAddress)
  var loadAddress: UInt64?

  @Flag(help: "Print JSON.")
  var json = false

  @OptionGroup var progress: ProgressOptions

  func validate() throws {
    if let unplaced = segment.first(where: { $0.address == nil }) {
      throw ValidationError("--segment \(unplaced.file) has no address, expected FILE@ADDR")
    }
  }

  func run() throws {
    let path = ManifestFiles.manifestPath(file) ?? file
    let contents = try Contents(path: path)
    let isFolder = Manifest.looksLikeManifest(try contents.prefix(1))
    let (blob, verification) =
      isFolder ? try verifyFolder(contents, at: path) : try verifyFile(contents)
    if json { try Terminal.print(json: VerificationDescription(verification)) }
    let problems = verification.problems(
      blob.file,
      whole: isFolder
        ? "build the folder again, or copy it again; purgatory check \(path.quotedForShell) knows which file differs"
        : "load the files that it was filled in with, or fill it in anew: purgatory patch \(file.quotedForShell) --segment FILE@ADDR",
      loading: isFolder
        ? "see what it verifies: purgatory show \(file.quotedForShell)"
        : "say what is loaded there: purgatory verify \(file.quotedForShell) --segment FILE@ADDR")
    guard problems.isEmpty else { throw Rejection(problems) }
    if !json { try Terminal.print(lines: [verification.text(blob.file)]) }
  }

  private func verifyFile(_ contents: Contents) throws(Rejection) -> (Blob, HostVerification) {
    let blob = try Blob(contents, file: file, progress.progress)
    var problems: [Problem] = []
    if let base = loadAddress {
      let end = base.plus(blob.info.memorySize)
      if !base.isMultiple(of: PurgatoryInfo.loadAlignment)
        || end.map({ $0 &- 1 > PurgatoryInfo.maximumAddress }) ?? true
      {
        problems.append(
          Problem(
            "--load-address", found: String(hex: base),
            expected:
              "a multiple of \(String(hex: PurgatoryInfo.loadAlignment)), and an end of at most 48 bits",
            help: "give the address that the purgatory's first byte is loaded at"))
      }
    }
    var segments: [Segment] = []
    for placed in segment {
      do throws(Rejection) {
        segments.append(
          try Segment(
            role: .segment, file: placed.file, contents: Contents(path: placed.file),
            base: placed.address ?? 0, memorySize: placed.memorySize))
      } catch {
        problems += error.problems
      }
    }
    guard problems.isEmpty else { throw Rejection(problems) }
    if blob.format == .bundle { segments += try blob.bundled(at: loadAddress ?? 0) }
    let verification = try HostVerification(
      blob.info, at: loadAddress, segments: segments, progress.progress)
    try refuseChanges(contents, segments)
    return (blob, verification)
  }

  private func verifyFolder(
    _ contents: Contents, at path: String
  ) throws(Rejection) -> (Blob, HostVerification) {
    let options = [("--segment", !segment.isEmpty), ("--load-address", loadAddress != nil)].filter(\.1)
    guard options.isEmpty else {
      throw Rejection(
        options.map {
          Problem(
            $0.0, found: "\(path), a manifest that says what is loaded where", expected: "a purgatory",
            help: "leave it out, or name the folder's purgatory.bin instead of the folder")
        })
    }
    let files = try ManifestFiles(Manifest(decoding: contents.bytes(.text), file: path), path: path)
    let (purgatory, segments) = try files.loaded(path)
    let blob = try Blob(purgatory.contents, file: purgatory.file, progress.progress)
    let verification = try HostVerification(
      blob.info, at: purgatory.base, segments: segments, progress.progress)
    try refuseChanges(contents, [purgatory] + segments)
    return (blob, verification)
  }

  /// A verdict is on files as they all were at one time.
  private func refuseChanges(_ contents: Contents, _ segments: [Segment]) throws(Rejection) {
    for contents in [contents] + segments.map(\.contents) { try contents.checkUnchanged() }
  }
}

extension HostVerification {
  /// What is said of a purgatory that would be content.
  fileprivate func text(_ file: String) -> String {
    let size = regions.reduce(UInt64(0)) { $0 &+ $1.size }
    let count = regions.count
    return "\(file): verified \(size.grouped) bytes in \(count) region\(count == 1 ? "" : "s")"
  }
}

/// What `verify --json` says; the keys are a contract (docs/json.md).
struct VerificationDescription: Encodable {
  let status: String
  let failedRegion: UInt32?
  let badInfo: String?
  let regions: [Region]
  let digest: String?
  let computedDigest: String?

  struct Region: Encodable {
    let index: Int
    let base: UInt64
    let size: UInt64
    let files: [String]
    let sha256: String?
    let computed: String?
  }

  enum CodingKeys: String, CodingKey {
    case status, regions, digest
    case failedRegion = "failed_region"
    case badInfo = "bad_info"
    case computedDigest = "computed_digest"
  }

  init(_ verification: HostVerification) {
    (status, failedRegion, badInfo) =
      switch verification.verdict {
      case .verified: ("verified", nil, nil)
      case .skipped: ("skipped", nil, nil)
      case .mismatch(let region):
        ("mismatch", region.map { UInt32(clamping: $0) } ?? PurgatoryInfo.failedCombined, nil)
      case .badInfo(let field, _): ("bad-info", nil, field)
      case .unknown, .overwritten: ("unknown", nil, nil)
      }
    regions = verification.regions.map {
      Region(
        index: $0.index, base: $0.base, size: $0.size, files: $0.files, sha256: $0.expected?.description,
        computed: $0.computed?.description)
    }
    digest = verification.expectedCombined?.description
    computedDigest = verification.computedCombined?.description
  }
}

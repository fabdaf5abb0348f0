// ManifestRules.swift — a manifest and the files that it names: are they still what was built
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import SystemPackage

/// A manifest with its files.
package struct ManifestFiles: Sendable {
  package struct File: Sendable {
    package let segment: Manifest.Segment
    /// From the current directory.
    package let path: String
    package let contents: Contents

    /// Whether size and digest are what the manifest says.
    package func isIntact() throws(Rejection) -> Bool {
      contents.count == segment.size ? try contents.digest().description == segment.sha256 : false
    }
  }

  package private(set) var manifest: Manifest
  /// In the manifest's order.
  package private(set) var files: [File]

  /// - Parameter path: the manifest's own, which its files are relative to.
  /// - Throws: every file that cannot be read.
  package init(_ manifest: Manifest, path: String) throws(Rejection) {
    let directory = FilePath(absolute: path).removingLastComponent()
    var files: [File] = []
    var problems: [Problem] = []
    for segment in manifest.segments {
      let file = directory.pushing(FilePath(segment.file)).lexicallyNormalized().string
      do throws(Rejection) {
        // A pipe has no size that could be what the manifest says, and may never have a writer.
        if let status = try? FilePath(file).stat(), status.type == .fifo {
          throw Rejection(
            Problem(file, found: "is a pipe", expected: "a file", help: "build the folder again"))
        }
        let contents = try Contents(path: file)
        if segment.role == .dtb { _ = try contents.bytes(.deviceTree) }
        files.append(File(segment: segment, path: file, contents: contents))
      } catch {
        problems += error.problems
      }
    }
    guard problems.isEmpty else { throw Rejection(problems) }
    self.manifest = manifest
    self.files = files
  }

  /// The path of the manifest that `path` means: itself, or that of an output folder.
  package static func manifestPath(_ path: String) -> String? {
    guard let status = try? FilePath(path).stat(), status.type == .directory else { return nil }
    return FilePath(path).appending("manifest.json").string
  }

  /// All files that `path` means, if it is an output folder or a manifest: none of them is to be written over.
  ///
  /// - Parameter role: only those of this role, and the manifest.
  package static func paths(of path: String, _ role: Segment.Role? = nil) -> [String] {
    let manifest = manifestPath(path) ?? path
    // A pipe would be read for this, or waited for.
    guard Files.isRegular(manifest), let bytes = try? Files.read(manifest, .text),
      Manifest.looksLikeManifest(bytes),
      let decoded = try? Manifest(decoding: bytes, file: manifest)
    else { return manifest == path ? [path] : [path, manifest] }
    return [path, manifest]
      + decoded.segments.filter { role == nil || $0.role == role }.map { $0.path(in: manifest) }
  }

  /// The same with other bytes in the file at `index`, and a manifest that says so.
  package func replacing(_ index: Int, with bytes: [UInt8]) -> ManifestFiles {
    var copy = self
    copy.manifest = manifest.replacing(index, with: bytes)
    copy.files[index] = File(
      segment: copy.manifest.segments[index], path: files[index].path,
      contents: Contents(bytes, name: files[index].path))
    return copy
  }

  /// - Throws: `Rejection` for a file that was changed since it was opened, or has another in its place.
  package func checkUnchanged() throws(Rejection) {
    for file in files { try file.contents.checkUnchanged() }
  }

  /// Computes what `isIntact` and `findings` ask for, several at once.
  package func computeDigests(_ progress: Progress? = nil) throws(Rejection) {
    // Of what has another size, nobody asks what else is different.
    try Contents.hash(files.filter { $0.contents.count == $0.segment.size }.map(\.contents), progress)
  }

  /// Everything in which the files are not what the manifest says, or the purgatory would refuse them.
  ///
  /// - Throws: `Rejection` for a file that cannot be read, or is changed while it is.
  package func findings(_ progress: Progress? = nil) throws(Rejection) -> [Finding] {
    try computeDigests(progress)
    var findings: [Finding] = []
    func report(_ file: File, _ field: String, found: String, expected: String) {
      findings.append(
        Finding(.manifest, "\(file.segment.file): \(field)", found: found, expected: expected))
    }
    var segments: [(file: File, segment: Segment)] = []
    for file in files {
      let claim = file.segment
      if file.contents.count != claim.size {
        report(file, "size", found: "\(file.contents.count) bytes", expected: "\(claim.size)")
      } else if try !file.isIntact() {
        report(file, "sha256", found: "\(try file.contents.digest())", expected: claim.sha256)
      }
      do {
        let segment = try Segment(
          role: claim.role ?? .segment, file: claim.file, contents: file.contents, base: claim.base,
          memorySize: claim.memorySize)
        segments.append((file, segment))
      } catch {
        findings += error.problems.map {
          // Its place may be wrong; what it is not cannot be judged at all.
          let isPlace = ["address", "memory size"].contains($0.place)
          return Finding(
            isPlace ? .manifest : .malformedELF, "\($0.file): \($0.place ?? "contents")", found: $0.found,
            expected: $0.expected)
        }
      }
    }
    for (index, first) in segments.enumerated() {
      for second in segments[(index + 1)...] where first.segment.range.overlaps(second.segment.range) {
        report(
          first.file, "base",
          found: "\(first.segment.range.addresses) overlaps \(second.file.segment.file)",
          expected: "memory of its own")
      }
    }
    let purgatories = segments.filter { $0.segment.role == .purgatory }
    guard purgatories.count == 1, let purgatory = purgatories.first else {
      return findings + [
        Finding(
          .manifest, "segments", found: "\(purgatories.count) purgatories", expected: "exactly one")
      ]
    }
    if manifest.entry != purgatory.segment.base {
      findings.append(
        Finding(
          .manifest, "entry", found: String(hex: manifest.entry),
          expected: "\(String(hex: purgatory.segment.base)), the purgatory's first byte"))
    }
    return try findings + self.findings(of: purgatory.segment, verifying: segments.map(\.segment), progress)
  }

  /// What is wrong with the purgatory, alone and with what it will verify.
  private func findings(
    of purgatory: Segment, verifying segments: [Segment], _ progress: Progress?
  ) throws(Rejection) -> [Finding] {
    let place = "\(purgatory.file): "
    let info: PurgatoryInfo
    do {
      let blob = try Blob(recognising: purgatory.contents, file: purgatory.file)
      info = blob.info
      guard blob.format == .bin else {
        return [
          Finding(.manifest, place + "format", found: blob.format.rawValue, expected: "a flat purgatory")
        ]
      }
    } catch {
      return error.findings.map { $0.at(place + $0.location) }
    }
    let origin = info.flags.contains(.relative) ? purgatory.base : 0
    var findings = info.findings(blobBase: purgatory.base).map { $0.at(place + $0.location) }
    if purgatory.memorySize < info.memorySize {
      findings.append(
        Finding(
          .manifest, place + "memory_size", found: "\(purgatory.memorySize) bytes",
          expected: "the \(info.memorySize) that it writes to"))
    }
    var verified: [Segment] = []
    for (index, region) in info.usedRegions {
      let base = region.base &+ origin
      guard let segment = segments.first(where: { $0.base == base && $0.verifiedSize == region.size }) else {
        findings.append(
          Finding(
            .manifest, "\(place)region \(index)", found: "\(region.size) bytes at \(String(hex: base))",
            expected: "a segment that is loaded there"))
        continue
      }
      verified.append(segment)
      guard info.flags.contains(.verifyRegions) else { continue }
      let digest = try Digest(of: [segment], progress)
      if digest != region.digest {
        findings.append(
          Finding(
            .manifest, "\(place)region \(index)", found: "sha256 \(region.digest)",
            expected: "\(digest), that of \(segment.file)"))
      }
    }
    if info.flags.contains(.verifyCombined), verified.count == info.usedRegions.count {
      let digest = try Digest(of: verified, progress)
      if digest != info.combinedDigest {
        findings.append(
          Finding(
            .manifest, "\(place)all regions", found: "sha256 \(info.combinedDigest)", expected: "\(digest)"))
      }
    }
    return findings
  }
}

extension Manifest.Segment {
  /// Its file, from where the user sees the manifest at `manifest`.
  package func path(in manifest: String) -> String {
    guard !file.hasPrefix("/"), let slash = manifest.lastIndex(of: "/") else { return file }
    return "\(manifest[...slash])\(file)"
  }

  /// nil: a name that this version does not know.
  package var role: Segment.Role? { Segment.Role(rawValue: name) }
}

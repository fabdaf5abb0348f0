// Checker+Flat.swift — judge a flat file: a purgatory by itself, any other by the ELF file that it is of
// SPDX-License-Identifier: MIT

internal import CheckedArithmetic
import ELF

extension Checker {
  /// - Parameter bytes: the first of `contents`.
  func checkFlat(_ contents: Contents, _ bytes: [UInt8], into file: inout CheckedFile) {
    file.unjudged = Set(Rule.allCases)
    if let kind = FileKind(bytes), !Blob.looksLikeFlat(bytes) {
      file.judged = kind.name
      guard kind.isFlatCode, profile != .purgatory else {
        return file.list.add(
          Finding(
            .malformedELF, "file", found: kind.name, expected: "an ELF file or a flat purgatory",
            help: kind.help(file.path)))
      }
      file.proof = .missing(reason: "\(kind.name), without its ELF file", help: kind.help(file.path))
      file.unjudged.subtract([.malformedELF])
      return
    }
    guard Blob.looksLikeFlat(bytes) else {
      return file.list.add(
        Finding(
          .malformedELF, "file", found: "neither an ELF file nor a flat purgatory",
          expected: "what can be judged by itself", help: FileKind.helpOfFlat(file.path)))
    }
    do {
      let blob = try Blob(recognising: contents, file: file.path, progress)
      file.judged = blob.format == .bundle ? "a purgatory with its kernel" : "a flat purgatory"
      if blob.loadRange.count > maximumSize {
        file.list.add(
          Finding(
            .loadSegment, "file", found: "\(blob.loadRange.count) loadable bytes",
            expected: "at most \(maximumSize)", help: PurgatoryRules.tooLarge))
      }
      file.list.add(blob.info.findings())
      file.unjudged.subtract(PurgatoryInfo.rules.union([.malformedELF, .loadSegment, .proof]))
      file.proof = proof(of: blob.flat, file.path)
    } catch {
      file.list.add(error.findings)
    }
  }

  /// The proof that a flat purgatory brings with it.
  func proof(of flat: [UInt8]?, _ path: String) -> Proof {
    if let flat, Seal.isIntact(flat[...]) { return .made(by: Seal.description) }
    return .missing(
      reason: "a flat purgatory without a seal, and without its ELF file",
      help: "build it with purgatory build, or: purgatory check --flat \(path) --elf FILE.elf")
  }

  /// Judges the ELF file at `path`, and whether the flat file at `flat` is its bytes.
  ///
  /// - Returns: both, the flat file first.
  public func check(flat: String, elf path: String) -> [CheckedFile] {
    // Both judgements are of the same bytes.
    let contents = Result { () throws(Rejection) in try Contents(path: path) }
    let elfFile = (try? contents.get()).map { check($0, path: path) } ?? check(path: path)
    var file = newFile(flat)
    file.judged = "a flat file, by the ELF file \(path)"
    file.unjudged = Set(Rule.allCases).subtracting([.malformedELF, .flatLayout, .proof])
    do throws(Rejection) {
      let bytes = try Files.read(flat, .elf)
      let elfBytes = try contents.get().bytes(.elf)
      do {
        let elf = try ELFFile(elfBytes)
        guard elf.header.type != .relocatable else {
          throw Problem(
            path, "ELF header", found: "an object", expected: "the linked file that the flat one is of",
            help: "give the file that objcopy was given")
        }
        file.list.add(FlatImage(elf).differences(from: bytes, filledIn: info(in: elf)))
      } catch {
        throw Rejection(
          error as? Problem ?? (error as? ELFError)?.finding.problem(in: path)
            ?? Problem(path, found: "\(error)", help: "give the file that objcopy was given"))
      }
      if profile == .purgatory { judge(flatPurgatory: bytes, into: &file) }
    } catch {
      refuse(&file, error)
    }
    file.notes = elfFile.notes
    switch (elfFile.verdict, elfFile.doubt) {
    case (.proven, _):
      file.proof = .made(by: "its ELF file, which is proven, and has these bytes")
    case (.unproven, let doubt?):
      file.proof = .missing(reason: "its ELF file is not: \(doubt.reason)", help: doubt.help)
    default: file.proof = .missing(reason: "its ELF file fails", help: "mend \(path) first")
    }
    return [elfFile, concluded(file)]
  }

  private func judge(flatPurgatory bytes: [UInt8], into file: inout CheckedFile) {
    do throws(Violations) {
      let blob = try Blob(recognising: Contents(bytes), file: file.path)
      file.list.add(blob.info.findings())
      file.unjudged.subtract(PurgatoryInfo.rules)
    } catch {
      file.list.add(error.findings)
    }
  }

  /// Where in the flat file of `elf` a loader writes.
  func info(in elf: borrowing ELFFile) -> Range<Int>? {
    guard profile == .purgatory, let rules = try? PurgatoryRules(elf, maximumSize: .max),
      rules.findings.isEmpty, let offset = rules.infoOffset
    else { return nil }
    return offset..<offset + PurgatoryInfo.size
  }
}

extension PurgatoryInfo {
  /// Those that judge the struct.
  static let rules: Set<Rule> = [.infoSymbol, .overlap, .entryOutsideRegions, .dtb]
}
